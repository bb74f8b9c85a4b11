import { availableParallelism } from 'node:os';

/** Real servers come from tests/support/global-setup.mjs: one PostgreSQL, one Temporal, one workflow bundle per run. */
const transform = {
  '^.+\\.tsx?$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' }, sourceMaps: 'inline' }],
};

export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform,
  testMatch: ['<rootDir>/tests/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.mastguard/'],
  globalSetup: '<rootDir>/tests/support/global-setup.mjs',
  globalTeardown: '<rootDir>/tests/support/global-teardown.mjs',
  testTimeout: 30_000,
  // Many files wait for servers most of their time; more at once than this strain what the others measure.
  maxWorkers: Math.max(2, availableParallelism() - 1),
};
