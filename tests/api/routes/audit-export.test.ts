import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { Sql } from '../../../db/client.ts';
import { appendRecords } from '../../../db/queries/ledger.ts';
import { startApi, type TestApi } from '../../support/api.ts';
import { openTestPool } from '../../support/database.ts';
import { auditRecord, sha256Hex } from '../../support/ledger-records.ts';
import { startTestSigner, type TestSigner } from '../../support/signed-ledgers.ts';
import { until } from '../../support/until.ts';

const EXPORT = '/api/v1/audit/export';
let test: TestApi;
let admin: Sql;
let signer: TestSigner;
let orgId: string;
let key: string;

beforeAll(async () => {
  test = await startApi();
  admin = openTestPool({ url: test.database.adminUrl, maxConnections: 1 });
  signer = await startTestSigner(test.database.adminUrl);
});
afterAll(async () => {
  await signer.stop();
  await admin.end({ timeout: 1 });
  await test.stop();
});
beforeEach(async () => {
  orgId = await test.newOrganization();
  key = (await test.newKey({ orgId, scopes: ['audit:read', 'events:write'] })).key;
});

const get = (path: string, as = key) => test.call('GET', `${EXPORT}${path}`, { key: as });
const append = (...names: string[]) =>
  appendRecords(
    test.database.appSql,
    names.map((name) => auditRecord(orgId, name)),
  );
const linesOf = (text: string): string[] => {
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text.split('\n').slice(0, -1);
};

/** Past triggers and policies. */
const tamper = (statement: string): Promise<unknown> =>
  admin.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    await tx.unsafe(statement.replaceAll('$org', `'${orgId}'`));
  });

describe('the manifest', () => {
  it('says what is exported and how far, before anything was signed', async () => {
    const { status, body } = await get('');
    expect(status).toBe(200);
    const { 'export.json': header, 'keys.json': keys, 'deployment.json': deployment } = body.files;
    expect(header).toMatchObject({
      format: 'mastguard-export',
      v: 1,
      org: orgId,
      size: 2,
      minIndex: 0,
      anchorHash: null,
      head: { nextSeq: 2, checkpointSize: 0 },
    });
    expect(header.origin).toMatch(new RegExp(`^[^/]+/mg/org/${orgId}$`));
    expect(deployment).toBeNull();
    expect(keys.vkeys.map(({ use }: { use: string }) => use).toSorted()).toEqual(['deployment', 'log', 'time']);
    expect(body).toMatchObject({ purgedSince: false, lines: { entries: 2, checkpoints: 0, tiles: 0 } });
  });

  it('speaks of the newest checkpoint, and proves it in the deployment log', async () => {
    await append(...Array.from({ length: 600 }, (_, at) => `r${at}`));
    await signer.sign();
    const { body } = await get('');
    const { head, origin, size } = body.files['export.json'];
    expect([head.checkpointSize, head.nextSeq, origin]).toEqual([size, size, `ledger.example.com/mg/org/${orgId}`]);
    expect(body.lines).toEqual({ entries: size, checkpoints: 1, tiles: 2 });
    expect(body.files['deployment.json']).toMatchObject({ number: 1, note: expect.stringMatching(/^ledger\.example\.com\/mg\/deployment\n/) });
  });
});

describe('the streams', () => {
  const snapshotOf = async (): Promise<string> => (await get('')).body.snapshot as string;

  it('are the lines of the files, and bodies are the recorded text, byte for byte', async () => {
    await test.call('POST', '/api/v1/governance/events', { key, body: { id: 'e1', agentId: 'a', action: 'read', content: '€ \u2028 "quoted"' } });
    const snapshot = await snapshotOf();
    const entries = linesOf((await get(`/entries.ndjson?snapshot=${snapshot}`)).text);
    const bodies = linesOf((await get(`/bodies.ndjson?snapshot=${snapshot}`)).text);
    expect(entries.map((line) => JSON.parse(line).seq)).toEqual([0, 1, 2]);
    expect(bodies).toHaveLength(3);
    const recorded = await admin<{ body: string }[]>`
      select body from audit_records where org_id = ${orgId} union all select body from agent_events where org_id = ${orgId}`;
    for (const [at, line] of bodies.entries()) {
      const text = line.slice(line.indexOf(',"body":') + ',"body":'.length, -1);
      expect(recorded.map(({ body }) => body)).toContain(text);
      expect(sha256Hex(text)).toBe(JSON.parse(entries[at] ?? '').body);
    }
    expect(JSON.parse(bodies[2] ?? '')).toMatchObject({
      seq: 2,
      kind: 1,
      fields: { eventId: 'e1', agentId: 'a', action: 'read', value: 'ALLOW', checkpointSize: 0 },
    });
  });

  it.each([
    ['is no JSON', 'not {json'],
    ['has a line feed', '{"a":\n1}'],
  ])('a body that %s is given as a text', async (_what, text) => {
    await tamper(`update audit_records set body = E'${text.replace('\n', '\\n')}' where org_id = $org and seq = 1`);
    const lines = linesOf((await get(`/bodies.ndjson?snapshot=${await snapshotOf()}`)).text);
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ seq: 1, text });
  });

  it('end where the snapshot does, whatever is appended and signed after it', async () => {
    const before = await snapshotOf();
    const files = ['entries.ndjson', 'bodies.ndjson', 'checkpoints.ndjson', 'tiles.ndjson'];
    const readAll = () => Promise.all(files.map(async (file) => (await get(`/${file}?snapshot=${before}`)).text));
    const first = await readAll();
    await append(...Array.from({ length: 300 }, (_, at) => `r${at}`));
    await signer.sign();
    expect(await readAll()).toEqual(first);
    expect((await get(`?snapshot=${before}`)).body).toMatchObject({ purgedSince: false, lines: { checkpoints: 1, tiles: 1 } });
    const after = await snapshotOf();
    expect(linesOf((await get(`/tiles.ndjson?snapshot=${after}`)).text).map((line) => JSON.parse(line))).toEqual([
      { level: 0, index: 0, root: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
  });

  it('go on from where they are asked to', async () => {
    await append('a', 'b', 'c');
    await signer.sign();
    signer.later(3_660_000);
    await signer.sign();
    const snapshot = await snapshotOf();
    const from = async (file: string, position: string) =>
      linesOf((await get(`/${file}?snapshot=${snapshot}&from=${position}`)).text).map((line) => JSON.parse(line));
    expect((await from('entries.ndjson', '3')).map(({ seq }) => seq)[0]).toBe(3);
    expect((await from('bodies.ndjson', '3')).map(({ seq }) => seq)[0]).toBe(3);
    expect((await from('checkpoints.ndjson', '2')).map(({ number }) => number)).toEqual([2]);
    expect(await from('entries.ndjson', '100000')).toEqual([]);
    expect(await from('tiles.ndjson', '0/7')).toEqual([]);
  });

  it.each([
    ['/entries.ndjson', '/snapshot'],
    ['/entries.ndjson?snapshot=nonsense', '/snapshot'],
    ['/entries.ndjson?snapshot=WzEsMl0', '/snapshot'],
    ['/entries.ndjson?snapshot=WyIxIiwxLDEsMSwwXQ', '/snapshot'],
    ['/entries.ndjson?snapshot=WzEsMSwxLDEsMF0&from=-1', '/from'],
    ['/entries.ndjson?snapshot=WzEsMSwxLDEsMF0&from=0/1', '/from'],
    ['/receipts.ndjson?snapshot=WzEsMSwxLDEsMF0', '/file'],
    ['?snapshot=nonsense', '/snapshot'],
  ])('refuse %s', async (path, pointer) => {
    const { status, body } = await get(path);
    expect([status, body.errors[0].pointer]).toEqual([422, pointer]);
  });

  it('show nothing of another organisation, whatever snapshot they are asked with', async () => {
    const other = await test.newOrganization();
    const theirs = (await test.newKey({ orgId: other, scopes: ['audit:read'] })).key;
    await append(...Array.from({ length: 20 }, (_, at) => `r${at}`));
    const snapshot = await snapshotOf();
    const { text } = await get(`/entries.ndjson?snapshot=${snapshot}`, theirs);
    expect(linesOf(text)).toHaveLength(2);
    const own = linesOf((await get(`/entries.ndjson?snapshot=${snapshot}`)).text);
    expect(own.filter((line) => text.includes(line))).toEqual([]);
  });

  it('are four at once for an organisation; one that has ended makes room', async () => {
    await appendRecords(
      test.database.appSql,
      Array.from({ length: 400 }, (_, at) => auditRecord(orgId, `large${at}`, 'x'.repeat(50_000))),
    );
    const snapshot = await snapshotOf();
    const open = async () => {
      const req = request(`${test.baseUrl}${EXPORT}/bodies.ndjson?snapshot=${snapshot}`, { headers: { 'x-api-key': key }, agent: false });
      req.end();
      const [res] = (await once(req, 'response')) as [IncomingMessage];
      return { req, res };
    };
    const streams = [await open(), await open(), await open(), await open()];
    const fifth = await get(`/entries.ndjson?snapshot=${snapshot}`);
    expect([fifth.status, fifth.body.code, fifth.headers['retry-after']]).toEqual([429, 'rate-limited', '5']);
    const others = await test.newOrganization();
    expect((await get(`/entries.ndjson?snapshot=${snapshot}`, (await test.newKey({ orgId: others })).key)).status).toBe(200);
    for (const { req } of streams) req.destroy();
    await until(async () => (await get(`/entries.ndjson?snapshot=${snapshot}`)).status === 200);
  });
});
