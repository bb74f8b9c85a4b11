import { availableParallelism } from 'node:os';

/** Real servers come from tests/support/global-setup.mjs: one PostgreSQL, one Temporal, one workflow bundle per run. */
const transform = {
  '^.+\\.tsx?$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' }, sourceMaps: 'inline' }],
};

export default {
  testEnvironment: 'node',
  // Not among what a run throws away.
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  extensionsToTreatAsEsm: ['.ts'],
  transform,
  testMatch: ['<rootDir>/tests/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.mastguard/'],
  globalSetup: '<rootDir>/tests/support/global-setup.mjs',
  globalTeardown: '<rootDir>/tests/support/global-teardown.mjs',
  testSequencer: '<rootDir>/tests/support/mixed-order.mjs',
  // For what hangs. A busy machine may take its time.
  testTimeout: 180_000,
  // Modules of finished test files are never let go of in Node 20 (a worker came to 3.7 GB): a new worker costs less than looking through them.
  workerIdleMemoryLimit: '1GB',
  // Many files wait for servers most of their time: a third one keeps two processors busy. More at once than this strain what the others measure.
  maxWorkers: Math.max(3, availableParallelism() - 1),
};
