import { execFile } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build, type Plugin } from 'esbuild';
import { type PackedPackage, packPackage } from '../../support/packed-package.ts';

const ROOT = join(import.meta.dirname, '../../..');
const bin = (name: string): string => join(ROOT, 'node_modules/.bin', name);
const NAME = '@auxdynamics/mastguard-agent-sdk';
const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'sdk/agent/package.json'), 'utf8')) as { exports: Record<string, unknown>; dependencies: object };
const SUBPATHS = Object.keys(MANIFEST.exports).filter((path) => path !== './package.json');
const EXPORTS = ['MastGuardShield', 'ThreatDetector', 'AuditLogger', 'PolicyEngine', 'SessionTracker', 'MastGuardBlockedError', 'findBlocked'];

let packed: PackedPackage;
beforeAll(async () => {
  packed = await packPackage('sdk/agent');
});
afterAll(() => packed.remove());

describe('the tarball', () => {
  it('holds what its entries lead to, the licence and the README', () => {
    expect(packed.files.filter((path) => !path.startsWith('dist/'))).toEqual(['LICENSE', 'README.md', 'package.json']);
    expect(
      packed.files.filter((path) => path.startsWith('dist/') && !/^dist\/(esm|cjs)\/(core|sdk\/(agent|compliance)\/src)\/[\w/-]+\.(js|d\.ts)$/.test(path)),
    ).toEqual(['dist/cjs/package.json']);
    expect(readFileSync(join(ROOT, 'sdk/agent/LICENSE'), 'utf8')).toBe(readFileSync(join(ROOT, 'LICENSE'), 'utf8'));
  });

  it('has nothing that publint finds fault with', async () => {
    const { stdout } = await promisify(execFile)(bin('publint'), ['run', packed.tarball, '--strict'], { env: { PATH: process.env['PATH'], NO_COLOR: '1' } });
    expect(stdout).toContain('All good!');
  });

  it('has the right types for every way to resolve them', async () => {
    // Resolution as Node 10 did it knows no subpaths.
    const { stdout } = await promisify(execFile)(bin('attw'), [packed.tarball, '--format', 'json', '--no-definitely-typed', '--profile', 'node16']);
    const { analysis, problems } = JSON.parse(stdout) as {
      analysis: { entrypoints: Record<string, unknown> };
      problems: Record<string, { resolutionKind?: string }[]>;
    };
    const faults = Object.values(problems).flat();
    expect(faults.filter(({ resolutionKind }) => resolutionKind !== 'node10')).toEqual([]);
    expect(Object.keys(analysis.entrypoints)).toEqual(expect.arrayContaining(SUBPATHS));
  });

  it('compiles into modules of both kinds, without a package that its user has not asked for', async () => {
    symlinkSync(join(ROOT, 'node_modules/@types'), join(packed.directory, 'node_modules/@types'));
    symlinkSync(join(ROOT, 'node_modules/undici-types'), join(packed.directory, 'node_modules/undici-types'));
    for (const extension of ['mts', 'cts']) writeFileSync(join(packed.directory, `consumer.${extension}`), CONSUMER);
    const strict = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--target', 'es2022', '--module', 'nodenext'];
    const compile = (...options: string[]) => packed.node([bin('tsc'), 'consumer.mts', 'consumer.cts', ...strict, ...options]);
    expect(await compile('--lib', 'es2022,dom', '--types', '')).toBe('');
    expect(await compile('--lib', 'es2022', '--types', 'node')).toBe('');
  });
});

describe('the module', () => {
  it.each([
    ['imported', 'list.mjs', `import * as sdk from '${NAME}'`],
    ['required', 'list.cjs', `const sdk = require('${NAME}')`],
  ])('%s has what the documentation names', async (_, file, load) => {
    const names = JSON.parse(await packed.run(file, `${load}\nconsole.log(JSON.stringify(Object.keys(sdk)))`)) as string[];
    expect(names).toEqual(expect.arrayContaining(EXPORTS));
  });

  it('has every subpath, imported and required', async () => {
    const imports = SUBPATHS.map((path) => `await import('${NAME}${path.slice(1)}')`).join('\n');
    const requires = SUBPATHS.map((path) => `require('${NAME}${path.slice(1)}')`).join('\n');
    expect(await packed.run('subpaths.mjs', `${imports}\nconsole.log('all')`)).toBe('all\n');
    expect(await packed.run('subpaths.cjs', `${requires}\nconsole.log('all')`)).toBe('all\n');
  });

  it('knows the blocks of its other copy', async () => {
    const output = await packed.run(
      'both.mjs',
      `import { createRequire } from 'node:module'
      import * as esm from '${NAME}'
      const cjs = createRequire(import.meta.url)('${NAME}')
      const blocked = new cjs.MastGuardBlockedError({ eventId: 'e', value: 'BLOCK', reasons: [] })
      console.log(esm.MastGuardBlockedError !== cjs.MastGuardBlockedError, blocked instanceof esm.MastGuardBlockedError, esm.findBlocked(new Error('x', { cause: blocked })) === blocked)`,
    );
    expect(output.trim()).toBe('true true true');
  });

  it('keeps no process alive that has something left to deliver', async () => {
    const output = await packed.run(
      'exit.mjs',
      `import { MastGuardShield } from '${NAME}'
      const shield = new MastGuardShield({ apiKey: 'mg_test_key', baseUrl: 'http://127.0.0.1:1', onUnavailable: 'allow' })
      console.log((await shield.permit({ action: 'x' })).decision.source, await shield.flush({ timeoutMs: 10 }))`,
    );
    expect(output).toBe('fail-mode { waiting: 1 }\n');
  });
});

describe('a bundle', () => {
  /** Leaves the detectors out, to see what all the rest weighs. */
  const withoutDetectors: Plugin = {
    name: 'without-detectors',
    setup: (esbuild) => esbuild.onResolve({ filter: /core\/detection\/|\/detect(ors)?\b/ }, ({ path }) => ({ path, external: true })),
  };
  const kilobytes = async (contents: string, plugins: Plugin[] = []): Promise<number> => {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: packed.directory },
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      logLevel: 'silent',
      plugins,
    });
    return gzipSync(outputFiles[0]?.text ?? '').length / 1_024;
  };

  it('without the detectors has at most 15 KB, compressed', async () => {
    expect(await kilobytes(`export { MastGuardShield, MastGuardBlockedError, findBlocked } from '${NAME}'`, [withoutDetectors])).toBeLessThanOrEqual(15);
  });

  it('of the detectors alone has at most 26', async () => {
    const size = await kilobytes(`export { ThreatDetector } from '${NAME}'`);
    expect(size).toBeGreaterThan(5);
    expect(size).toBeLessThanOrEqual(26);
  });

  it('of one part leaves out the others', async () => {
    expect(await kilobytes(`export { AuditLogger } from '${NAME}'`)).toBeLessThanOrEqual(3);
  });
});

const CONSUMER = `
import { AuditLogger, MastGuardBlockedError, MastGuardShield, PolicyEngine, SessionTracker, ThreatDetector, decideLocally, findBlocked, reconcile } from '${NAME}';
import type { GovernedEvent, PolicySet, ShieldDecision, ShieldOptions } from '${NAME}';

const policy: PolicySet = { rules: [{ id: 'r', priority: 1, when: { actions: ['x'] }, effect: 'block', reason: 'no' }] };
const sessions = new SessionTracker({ maxSessions: 10 });
export const options: ShieldOptions = { apiKey: 'k', sessions, policy: new PolicyEngine(policy), decide: decideLocally({ sessions }), audit: new AuditLogger() };
const shield = new MastGuardShield(options);
export const refund: (args: { amount: number }) => Promise<string> = shield.protect(async ({ amount }: { amount: number }) => String(amount), { name: 'refund' });
export const threat: 'none' | 'alert' | 'hitl' | 'block' = new ThreatDetector().detect('text').outcome;
export function why(error: unknown): ShieldDecision | undefined {
  return error instanceof MastGuardBlockedError ? error.decision : findBlocked(error)?.decision;
}
export const told = (decision: ShieldDecision, event: GovernedEvent): string => event.id + decision.value;
void reconcile;

// @ts-expect-error no such fail mode
void new MastGuardShield({ onUnavailable: 'maybe' });
// @ts-expect-error the arguments are those of the function
void refund({ amount: '5' });
`;
