import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAnchorActivities } from '../../activities/anchor-checkpoints.ts';
import { createDirectoryAnchor } from '../../activities/anchors/directory-anchor.ts';
import type { Sql } from '../../db/client.ts';
import { appendRecords } from '../../db/queries/ledger.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { builtProduct } from '../support/built-product.ts';
import { copyDatabase } from '../support/copy-database.ts';
import { openTestPool } from '../support/database.ts';
import { auditRecord } from '../support/ledger-records.ts';
import { pythonProblem } from '../support/run-verifiers.ts';
import { startTestSigner, type TestSigner } from '../support/signed-ledgers.ts';

const ROOT = join(import.meta.dirname, '../..');

let api: TestApi;
let signer: TestSigner;
let home: string;
let anchors: string;
/** Undone after each test, the last first. */
const undo: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  api = await startApi();
  signer = await startTestSigner(api.database.adminUrl);
  [home, anchors] = (await Promise.all(['export', 'anchor'].map((name) => mkdtemp(join(tmpdir(), `mastguard-${name}-`))))) as [string, string];
});
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
  await signer.stop();
  await api.stop();
  await Promise.all([home, anchors].map((directory) => rm(directory, { recursive: true })));
});

const append = (sql: Sql, from: number, until: number, what: string) =>
  appendRecords(
    sql,
    Array.from({ length: until - from }, (_, at) => auditRecord(api.orgId, `r${from + at}`, what)),
  );

/** What the maintenance does every minute. */
async function anchorAll(sql: Sql): Promise<void> {
  const report = { state: () => undefined, unavailable: () => undefined, refused: () => undefined };
  const activities = createAnchorActivities({ sql, anchors: [createDirectoryAnchor({ path: anchors })], report });
  while ((await activities.publishToAnchor({ anchor: 'directory' })).more);
}

async function run(command: string, ...args: string[]): Promise<{ code: unknown; output: string }> {
  const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk));
  const [code] = (await once(child, 'close')) as [unknown];
  return { code, output };
}

const mastguard = (...args: string[]) => run(process.execPath, builtProduct('cli/mastguard.js'), ...args);

/** Findings over a fresh export, with what the directory kept of this organisation. Those of the verifier in Python must be the same. */
async function findings(baseUrl: string): Promise<string[]> {
  const directory = join(home, 'ledger');
  expect((await mastguard('export', directory, '--url', baseUrl, '--key', api.ownerKey)).code).toBe(0);
  const kept = join(anchors, 'ledger.example.com/mg/org', api.orgId, 'checkpoint');
  expect(await readdir(kept)).not.toEqual([]);
  const own = await mastguard('verify', directory, '--anchors', kept, '--json');
  if (pythonProblem() === null) {
    const python = await run('python3', join(ROOT, 'verify/verify.py'), directory, '--anchors', kept, '--json');
    expect(JSON.parse(python.output)).toEqual(JSON.parse(own.output));
  }
  return (JSON.parse(own.output) as { findings: { code: string; ref: string }[] }).findings.map(({ code, ref }) => `${code} ${ref}`);
}

test('checkpoints that the directory kept agree with the ledger they are of', async () => {
  for (const from of [0, 300, 600]) {
    await append(api.database.appSql, from, from + 300, 'as it was');
    await signer.sign();
    await anchorAll(api.database.appSql);
  }
  expect(await findings(api.baseUrl)).toEqual([]);
});

/** The database as it was, under another API: what a restored backup is. */
async function restored(copy: { adminUrl: string; drop: () => Promise<void> }): Promise<{ sql: Sql; baseUrl: string }> {
  const sql = openTestPool({ url: copy.adminUrl, role: 'mg_app', maxConnections: 4 });
  const other = await startApi({ sql });
  undo.push(
    copy.drop,
    () => sql.end({ timeout: 1 }),
    () => other.stop(),
  );
  return { sql, baseUrl: other.baseUrl };
}

test('a ledger that was set back and went another way is found by the checkpoints that were kept, and by nothing else', async () => {
  await append(api.database.appSql, 0, 300, 'as it was');
  await signer.sign();
  const backup = await copyDatabase(api.database.adminUrl);
  await append(api.database.appSql, 300, 400, 'as it was');
  await signer.sign();
  await anchorAll(api.database.appSql);

  const { sql, baseUrl } = await restored(backup);
  await append(sql, 300, 500, 'as somebody would have it');
  expect(await findings(baseUrl)).toEqual(['INCONSISTENT_CHECKPOINTS anchor:000000000002.note']);
});

test('a ledger that was set back and did not go on is found as well', async () => {
  await append(api.database.appSql, 0, 300, 'as it was');
  await signer.sign();
  const backup = await copyDatabase(api.database.adminUrl);
  await append(api.database.appSql, 300, 400, 'as it was');
  await signer.sign();
  await anchorAll(api.database.appSql);

  const { baseUrl } = await restored(backup);
  expect(await findings(baseUrl)).toEqual(['TRUNCATED anchor:000000000002.note']);
});
