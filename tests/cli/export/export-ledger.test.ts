import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditClient, AuditRefused, createAuditClient } from '../../../cli/export/audit-client.ts';
import { openExportDirectory } from '../../../cli/export/export-directory.ts';
import { exportLedger } from '../../../cli/export/export-ledger.ts';
import { nodePrimitives } from '../../../cli/verify/node-primitives.ts';
import { openDirectory } from '../../../cli/verify/directory-source.ts';
import { verifyExport } from '../../../core/ledger/verify/verify-export.ts';
import type { Sql } from '../../../db/client.ts';
import { appendRecords } from '../../../db/queries/ledger.ts';
import { startApi, type TestApi } from '../../support/api.ts';
import { openTestPool } from '../../support/database.ts';
import { createLedgerClock, DAY_MS, type LedgerClock } from '../../support/ledger-clock.ts';
import { auditRecord } from '../../support/ledger-records.ts';
import { runPurge } from '../../support/purged-ledger.ts';
import { startTestSigner, type TestSigner } from '../../support/signed-ledgers.ts';

let api: TestApi;
let admin: Sql;
let clock: LedgerClock;
let signer: TestSigner;
let home: string;
let count = 0;

beforeAll(async () => {
  api = await startApi();
  admin = openTestPool({ url: api.database.adminUrl, maxConnections: 2 });
  clock = await createLedgerClock(admin);
  signer = await startTestSigner(api.database.adminUrl);
  home = await mkdtemp(join(tmpdir(), 'mastguard-exports-'));
});
afterAll(async () => {
  await rm(home, { recursive: true });
  await signer.stop();
  await admin.end({ timeout: 1 });
  await api.stop();
});

async function append(orgId: string, records: number, bytes = 300): Promise<void> {
  for (let left = records; left > 0; left -= 500) {
    await appendRecords(
      api.database.appSql,
      Array.from({ length: Math.min(500, left) }, () => auditRecord(orgId, `r${(count += 1)}`, 'x'.repeat(bytes))),
    );
  }
}

/** A signed ledger of its own with so many records, and a key that may read it. */
async function ledger(records: number, bytes?: number): Promise<{ orgId: string; key: string }> {
  const orgId = await api.newOrganization();
  const { key } = await api.newKey({ orgId, scopes: ['audit:read'] });
  await append(orgId, records, bytes);
  await signer.sign();
  return { orgId, key };
}

/** Days pass for the database and the signer alike. */
async function pass(days: number): Promise<void> {
  await clock.advance(days);
  signer.later(days * DAY_MS);
  await signer.sign();
}

const newDirectory = (): string => join(home, String((count += 1)));
const clientOf = (key: string): AuditClient => createAuditClient({ apiUrl: api.baseUrl, apiKey: key, firstWaitMs: 1 });

/** Has something happen before a chunk of a file is handed on, once. */
function meanwhile(client: AuditClient, file: string, chunk: number, happens: () => Promise<void>): AuditClient {
  let isDone = false;
  return {
    ...client,
    async stream(name, query) {
      const chunks = await client.stream(name, query);
      async function* interrupted(): AsyncGenerator<Uint8Array> {
        let at = 0;
        for await (const each of chunks) {
          if (name === file && !isDone && at === chunk) {
            isDone = true;
            await happens();
          }
          at += 1;
          yield each;
        }
      }
      return interrupted();
    },
  };
}

async function verified(directory: string) {
  const source = await openDirectory({ directory, threads: 0 });
  try {
    return await verifyExport({ source, primitives: nodePrimitives });
  } finally {
    await source.close();
  }
}

const linesOf = async (directory: string, file: string): Promise<{ seq: number }[]> =>
  (await readFile(join(directory, file), 'utf8'))
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { seq: number });

test('a ledger is taken away whole, and verifies', async () => {
  const { orgId, key } = await ledger(700);
  const path = newDirectory();
  const progress: number[] = [];
  const header = await exportLedger({
    client: clientOf(key),
    directory: await openExportDirectory(path),
    onProgress: ({ share }) => progress.push(share),
  });
  expect(header.org).toBe(orgId);
  expect((await readdir(path)).toSorted()).toEqual([
    'bodies.ndjson',
    'checkpoints.ndjson',
    'deployment.json',
    'entries.ndjson',
    'export.json',
    'keys.json',
    'tiles.ndjson',
  ]);
  expect(await verified(path)).toEqual({ v: 1, org: orgId, entries: header.size, bodies: header.size, missingBodies: 0, checkpoints: 1, findings: [] });
  expect(await linesOf(path, 'tiles.ndjson')).toHaveLength(2);
  expect(JSON.parse(await readFile(join(path, 'deployment.json'), 'utf8'))).toMatchObject({ number: 1 });
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  expect(progress.at(-1)).toBe(1);
  for (const file of await readdir(path)) expect((await stat(join(path, file))).mode & 0o077).toBe(0);
});

test('a directory that holds an export is not written over', async () => {
  const { key } = await ledger(3);
  const path = newDirectory();
  await exportLedger({ client: clientOf(key), directory: await openExportDirectory(path) });
  await expect(openExportDirectory(path)).rejects.toThrow('holds an export already');
});

test('what is appended and signed meanwhile is not in it', async () => {
  const { orgId, key } = await ledger(5_000);
  const path = newDirectory();
  const client = meanwhile(clientOf(key), 'entries.ndjson', 0, async () => {
    await append(orgId, 300);
    await signer.sign();
  });
  const { size } = await exportLedger({ client, directory: await openExportDirectory(path) });
  expect(await verified(path)).toMatchObject({ entries: size, bodies: size, checkpoints: 1, findings: [] });
  expect((await api.call('GET', '/api/v1/audit/checkpoints', { key })).body.data).toHaveLength(2);
});

test('a stream that breaks is taken up where it ended, as often as it breaks', async () => {
  const { key } = await ledger(5_000);
  const path = newDirectory();
  const client = clientOf(key);
  let breaks = 0;
  const trouble: string[] = [];
  const breaking: AuditClient = {
    ...client,
    async stream(file, query) {
      const chunks = await client.stream(file, query);
      async function* broken(): AsyncGenerator<Uint8Array> {
        for await (const chunk of chunks) {
          // In the middle of a line.
          yield chunk.subarray(0, Math.ceil(chunk.length / 2));
          if ((breaks += 1) <= 12) throw new Error('terminated');
          yield chunk.subarray(Math.ceil(chunk.length / 2));
        }
      }
      return broken();
    },
  };
  await exportLedger({ client: breaking, directory: await openExportDirectory(path), onTrouble: (detail) => trouble.push(detail) });
  expect(trouble).toEqual(Array.from({ length: 12 }, () => 'terminated'));
  expect(await verified(path)).toMatchObject({ missingBodies: 0, findings: [] });
});

test('it is given up when nothing comes any more, and goes on from there the next time', async () => {
  const { key } = await ledger(5_000);
  const path = newDirectory();
  const client = clientOf(key);
  const dead: AuditClient = {
    ...client,
    async stream(file, query) {
      if (file !== 'bodies.ndjson') return client.stream(file, query);
      throw new Error('connect ECONNREFUSED');
    },
  };
  await expect(exportLedger({ client: dead, directory: await openExportDirectory(path) })).rejects.toThrow('ECONNREFUSED');
  const before = await stat(join(path, 'entries.ndjson'));
  const asked: (string | undefined)[] = [];
  const counting: AuditClient = {
    ...clientOf(key),
    stream: (file, query) => {
      if (file === 'entries.ndjson') asked.push(query.from);
      return client.stream(file, query);
    },
  };
  const { size } = await exportLedger({ client: counting, directory: await openExportDirectory(path) });
  expect(asked).toEqual([String(size - 1)]);
  expect((await stat(join(path, 'entries.ndjson'))).size).toBe(before.size);
  expect(await verified(path)).toMatchObject({ findings: [] });
});

test('a key that may not is told so at once', async () => {
  const orgId = await api.newOrganization();
  const { key } = await api.newKey({ orgId, scopes: ['events:read'] });
  const failure = exportLedger({ client: clientOf(key), directory: await openExportDirectory(newDirectory()) });
  await expect(failure).rejects.toThrow(AuditRefused);
  await expect(failure).rejects.toThrow('audit:read');
});

describe('a purge while it is read', () => {
  let purgeSql: Sql;
  beforeAll(() => {
    purgeSql = openTestPool({ url: api.database.adminUrl, role: 'mg_purge', maxConnections: 2 });
  });
  afterAll(() => purgeSql.end({ timeout: 1 }));

  /** More than the sockets between server and reader hold. */
  const LARGE = 5_000;
  const purge = () => runPurge(purgeSql, { runId: `prg_${(count += 1)}`, batchSize: 1_000 });

  test('leaves what was read before and explains what is missing', async () => {
    const { orgId, key } = await ledger(5_000, LARGE);
    await pass(91);
    const path = newDirectory();
    const client = meanwhile(clientOf(key), 'bodies.ndjson', 1, async () => {
      await purge();
      await signer.sign();
    });
    const { size } = await exportLedger({ client, directory: await openExportDirectory(path) });
    const result = await verified(path);
    expect(result).toMatchObject({ org: orgId, entries: size, findings: [] });
    const bodies = await linesOf(path, 'bodies.ndjson');
    expect(bodies[0]?.seq).toBe(0);
    expect(bodies.length).toBeLessThan(size);
    expect(bodies.at(-1)?.seq).toBeGreaterThan(5_000);
  });

  test('that prunes entries too leaves none of them and none of their bodies', async () => {
    const { orgId, key } = await ledger(5_000, LARGE);
    await pass(1);
    // Due one day after the others: with them goes the spine of the others.
    await append(orgId, 10);
    await pass(89.5);
    const path = newDirectory();
    const client = meanwhile(clientOf(key), 'bodies.ndjson', 1, async () => {
      await purge();
      await pass(1);
      await purge();
      await signer.sign();
    });
    const { minIndex, size } = await exportLedger({ client, directory: await openExportDirectory(path) });
    expect(minIndex).toBeGreaterThan(4_000);
    expect(await verified(path)).toMatchObject({ entries: size - minIndex, findings: [] });
    for (const file of ['entries.ndjson', 'bodies.ndjson']) expect((await linesOf(path, file)).every(({ seq }) => seq >= minIndex)).toBe(true);
  });
});
