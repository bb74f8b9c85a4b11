import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { Webhook } from 'standardwebhooks';
import { type PackedPackage, packPackage } from '../../support/packed-package.ts';

const ROOT = join(import.meta.dirname, '../../..');
const bin = (name: string): string => join(ROOT, 'node_modules/.bin', name);
const NAME = '@auxdynamics/mastguard-sdk';
const CLASSES = ['MastGuardClient', 'GovernanceResource', 'HITLResource', 'AgentsResource', 'BillingResource', 'MastGuardWebhooks', 'WebhookResource'];
const ERRORS = ['Authentication', 'PermissionDenied', 'NotFound', 'Validation', 'Conflict', 'RateLimit', 'Server', 'Connection', 'WebhookVerification'];

let packed: PackedPackage;
beforeAll(async () => {
  packed = await packPackage('sdk/compliance');
});
afterAll(() => packed.remove());

describe('the tarball', () => {
  it('holds what is built, the licence and the README, and nothing depends on anything', () => {
    expect(packed.files.filter((path) => !path.startsWith('dist/'))).toEqual(['LICENSE', 'README.md', 'package.json']);
    expect(packed.files.filter((path) => !/^dist\/(esm|cjs)\/[\w-]+\.(js|d\.ts)$/.test(path) && path.startsWith('dist/'))).toEqual(['dist/cjs/package.json']);
    const manifest = JSON.parse(readFileSync(join(ROOT, 'sdk/compliance/package.json'), 'utf8')) as Record<string, unknown>;
    expect(Object.keys(manifest).filter((key) => /dependencies|scripts/i.test(key))).toEqual([]);
    expect(readFileSync(join(ROOT, 'sdk/compliance/LICENSE'), 'utf8')).toBe(readFileSync(join(ROOT, 'LICENSE'), 'utf8'));
  });

  it('has nothing that publint finds fault with', async () => {
    const { stdout } = await promisify(execFile)(bin('publint'), ['run', packed.tarball, '--strict'], { env: { PATH: process.env['PATH'], NO_COLOR: '1' } });
    expect(stdout).toContain('All good!');
  });

  it('has the right types for every way to resolve them', async () => {
    const { stdout } = await promisify(execFile)(bin('attw'), [packed.tarball, '--format', 'json', '--no-definitely-typed']);
    const { analysis, problems } = JSON.parse(stdout) as {
      analysis: { entrypoints: Record<string, { resolutions: Record<string, object> }> };
      problems: object;
    };
    expect(problems).toEqual({});
    expect(Object.keys(analysis.entrypoints['.']?.resolutions ?? {}).toSorted()).toEqual(['bundler', 'node10', 'node16-cjs', 'node16-esm']);
  });

  it('compiles into modules of both kinds, with the DOM’s types and with those of Node', async () => {
    symlinkSync(join(ROOT, 'node_modules/@types'), join(packed.directory, 'node_modules/@types'));
    symlinkSync(join(ROOT, 'node_modules/undici-types'), join(packed.directory, 'node_modules/undici-types'));
    for (const extension of ['mts', 'cts']) writeFileSync(join(packed.directory, `consumer.${extension}`), CONSUMER);
    const files = ['consumer.mts', 'consumer.cts'];
    const strict = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--target', 'es2022', '--module', 'nodenext'];
    const compile = (...options: string[]) => packed.node([bin('tsc'), ...files, ...strict, ...options]);
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
    expect(names).toEqual(expect.arrayContaining([...CLASSES, 'MastGuardError', ...ERRORS.map((error) => `MastGuard${error}Error`)]));
    expect(names.filter((name) => name.endsWith('Error'))).toHaveLength(ERRORS.length + 1);
  });

  it('knows the errors of its other copy', async () => {
    const output = await packed.run(
      'both.mjs',
      `import { createRequire } from 'node:module'
      import * as esm from '${NAME}'
      const cjs = createRequire(import.meta.url)('${NAME}')
      const error = new cjs.MastGuardConflictError('text')
      console.log([esm.MastGuardError !== cjs.MastGuardError, error instanceof esm.MastGuardConflictError, error instanceof esm.MastGuardError,
        error instanceof esm.MastGuardServerError, new esm.MastGuardServerError('text') instanceof cjs.MastGuardServerError].join())`,
    );
    expect(output.trim()).toBe('true,true,true,false,true');
  });

  it('leaves no rejection unhandled where only the response is asked for', async () => {
    const output = await packed.run(
      'rejection.mjs',
      `import { MastGuardClient } from '${NAME}'
      const mg = new MastGuardClient({ apiKey: 'k', baseUrl: 'http://127.0.0.1:1', maxRetries: 0 })
      await mg.agents.get('a').withResponse().catch(({ code }) => console.log(code))
      await mg.agents.list().page().catch(({ code }) => console.log(code))
      await new Promise((resolve) => setTimeout(resolve, 20))`,
    );
    expect(output).toBe('unreachable\nunreachable\n');
  });
});

describe('a bundle', () => {
  const bundle = async (options: Parameters<typeof build>[0]) => {
    const stdin = { contents: `export * from '${NAME}'`, resolveDir: packed.directory };
    const { outputFiles } = await build({ stdin, bundle: true, minify: true, write: false, target: 'es2022', logLevel: 'silent', ...options });
    return outputFiles?.[0]?.text ?? '';
  };

  it('of all of it has at most 8 KB, compressed', async () => {
    const bytes = gzipSync(await bundle({ format: 'esm', platform: 'browser' })).length;
    expect(bytes).toBeGreaterThan(1_000);
    expect(bytes).toBeLessThanOrEqual(8 * 1_024);
  });

  it('of the webhooks alone leaves out the rest', async () => {
    const stdin = { contents: `export { MastGuardWebhooks } from '${NAME}'`, resolveDir: packed.directory };
    expect(await bundle({ format: 'esm', platform: 'neutral', mainFields: ['module'], stdin })).not.toContain('/api/v1');
  });

  it('runs where there is nothing but what every edge has', async () => {
    const code = await bundle({ format: 'iife', platform: 'browser', globalName: 'sdk' });
    const sent: string[] = [];
    const answer = async (url: string) => {
      sent.push(url);
      return new Response('{"value":"ALLOW"}');
    };
    const secret = `whsec_${randomBytes(24).toString('base64')}`;
    const at = new Date();
    const signature = `t=${Math.floor(at.getTime() / 1_000)},id=m,${new Webhook(secret).sign('m', at, '{"type":"x"}').replace(',', '=')}`;
    const given = { answer, secret, signature, AbortController, Headers, TextEncoder, TextDecoder, URLSearchParams, setTimeout, clearTimeout, atob, btoa };
    const edge = createContext(given);
    runInContext(code, edge);
    const script = `(async () => {
      const mg = new sdk.MastGuardClient({ apiKey: 'k', fetch: answer })
      const { value } = await mg.governance.ingest({ agentId: 'a', action: 'b' })
      return [value, new sdk.MastGuardWebhooks({ secret }).verify('{"type":"x"}', signature).type].join()
    })()`;
    expect(await (runInContext(script, edge) as Promise<string>)).toBe('ALLOW,x');
    expect(sent).toEqual(['https://api.mastguard.io/api/v1/governance/events']);
  });
});

const CONSUMER = `
import { MastGuardClient, MastGuardConflictError, MastGuardError, MastGuardWebhooks, actionDigest } from '${NAME}';
import type { Agent, ClientOptions, Decision, EventInput, Review } from '${NAME}';

export const options: ClientOptions = { apiKey: 'k', fetch, maxRetries: undefined };
const mg = new MastGuardClient(options);

export async function act(event: EventInput, signal?: AbortSignal): Promise<'allow' | 'block' | null> {
  const decision = await mg.governance.ingest(event, { signal });
  const plain: Decision = decision;
  const { outcome, review } = await decision.wait({ signal, timeoutMs: 1_000 });
  const known: Review | null = review;
  if (known !== null) await mg.hitl.consume(known.id, { digest: actionDigest(event, plain.policy?.version ?? null) });
  return outcome;
}
export async function agents(): Promise<Agent[]> {
  const all: Agent[] = [];
  for await (const agent of mg.agents.list({ limit: 10 })) all.push(agent);
  const { data, response } = await mg.agents.list().withResponse();
  const status: number = response.status;
  return status === 200 ? data.data : all;
}
export function told(error: unknown): string | undefined {
  if (error instanceof MastGuardConflictError) return error.refusal;
  return error instanceof MastGuardError ? error.code : undefined;
}
export const seen = (body: string, headers: Headers) => new MastGuardWebhooks({ secret: 's' }).verify<{ reviewId: string }>(body, headers).data.reviewId;
export const nodeHeaders = (headers: { [name: string]: string | string[] | undefined }) => mg.webhooks.verify('', headers);

// @ts-expect-error an event has an action
void mg.governance.ingest({ agentId: 'a' });
// @ts-expect-error no such value
void mg.governance.events.list({ value: 'MAYBE' });
// @ts-expect-error a stop has a reason
void mg.agents.stop('a');
`;
