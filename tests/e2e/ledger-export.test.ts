import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { appendRecords } from '../../db/queries/ledger.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { builtProduct } from '../support/built-product.ts';
import { auditRecord } from '../support/ledger-records.ts';
import { startTestSigner, type TestSigner } from '../support/signed-ledgers.ts';
import { until } from '../support/until.ts';

const ENTRIES = 20_000;
const BODY_BYTES = 14_000;
/** Of what a side may come to hold while some 300 MB go by. */
const BOUND_MB = 220;
const ROOT = join(import.meta.dirname, '../..');

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

let api: TestApi;
let signer: TestSigner;
let home: string;
let key: string;

beforeAll(async () => {
  api = await startApi();
  signer = await startTestSigner(api.database.adminUrl);
  home = await mkdtemp(join(tmpdir(), 'mastguard-export-'));
  const orgId = await api.newOrganization();
  ({ key } = await api.newKey({ orgId, scopes: ['audit:read'] }));
  const filling = 'x'.repeat(BODY_BYTES);
  for (let from = 0; from < ENTRIES; from += 1_000) {
    await appendRecords(
      api.database.appSql,
      Array.from({ length: 1_000 }, (_, at) => auditRecord(orgId, `r${from + at}`, filling)),
    );
  }
  await signer.sign();
}, 300_000);
afterAll(async () => {
  await rm(home, { recursive: true });
  await signer.stop();
  await api.stop();
});

/** The command as it is run, in a process of its own. */
function mastguard(...args: string[]): ChildProcess & { output: () => string } {
  const child = spawn(process.execPath, [builtProduct('cli/mastguard.js'), ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk));
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk));
  return Object.assign(child, { output: () => output });
}

const exporting = (directory: string) => mastguard('export', directory, '--url', api.baseUrl, '--key', key);
const exitOf = async (child: ChildProcess): Promise<unknown[]> => once(child, 'exit');
const sizeOf = async (path: string): Promise<number> => (existsSync(path) ? (await stat(path)).size : 0);

/** What this process, which serves, really holds: the test runner's own garbage is none of it. Megabytes. */
function heldMegabytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1_048_576;
}

/** Most memory that a process has held so far, in MB; undefined where the system does not say. */
async function peakMegabytes(pid: number | undefined): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1_024;
}

test('twenty thousand entries are taken away through a kill, in bounded memory, and verify with both verifiers', async () => {
  const directory = join(home, 'ledger');
  const first = exporting(directory);
  await until(async () => (await sizeOf(join(directory, 'bodies.ndjson'))) > 20_000_000, 200_000);
  first.kill('SIGKILL');
  await exitOf(first);
  const kept = await sizeOf(join(directory, 'bodies.ndjson'));
  expect(await readdir(directory)).not.toContain('export.json');

  const before = heldMegabytes();
  let server = 0;
  let client: number | undefined;
  const second = exporting(directory);
  const watch = setInterval(() => {
    server = Math.max(server, heldMegabytes() - before);
    void peakMegabytes(second.pid).then((peak) => (client = peak ?? client));
  }, 1_000);
  expect(await exitOf(second)).toEqual([0, null]);
  clearInterval(watch);
  expect(second.output()).toContain('"entries":20');
  // It went on where it was killed, and neither side ever held the ledger, which is far larger than this.
  expect(await sizeOf(join(directory, 'bodies.ndjson'))).toBeGreaterThan(Math.max(kept, ENTRIES * BODY_BYTES));
  expect(server).toBeLessThan(BOUND_MB);
  if (client !== undefined) expect(client).toBeLessThan(BOUND_MB);

  const verify = mastguard('verify', directory, '--json');
  expect([await exitOf(verify), verify.output()]).toEqual([[0, null], expect.stringContaining('"findings":[]')]);
  const python = spawn('python3', [join(ROOT, 'verify/verify.py'), directory, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let found = '';
  python.stdout.on('data', (chunk: Buffer) => (found += chunk));
  expect(await exitOf(python)).toEqual([0, null]);
  expect(JSON.parse(found)).toMatchObject({ missingBodies: 0, findings: [] });
  expect(JSON.parse(found)).toEqual(JSON.parse(verify.output()));
}, 300_000);

test('a wrong command line, a wrong key and a directory that is taken are told apart from success', async () => {
  const told = async (...args: string[]) => {
    const child = mastguard('export', ...args);
    const [code] = await exitOf(child);
    return [code, child.output()];
  };
  expect(await told()).toEqual([2, expect.stringContaining('name one directory')]);
  expect(await told(join(home, 'refused'), '--url', api.baseUrl, '--key', 'mg_live_nobody')).toEqual([1, expect.stringContaining('status 401')]);
  expect(await told(join(home, 'ledger'), '--url', api.baseUrl, '--key', key)).toEqual([1, expect.stringContaining('holds an export already')]);
});
