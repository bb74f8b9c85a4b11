import { createHash } from 'node:crypto';
import { bytesOfHex } from '../../../core/encoding/hex.ts';
import { openCheckpoint, type Checkpoint } from '../../../core/ledger/checkpoint.ts';
import { createCompactRange, type Hash } from '../../../core/ledger/merkle.ts';
import { parseVkey, type Vkey } from '../../../core/ledger/note.ts';
import { parseProofFile } from '../../../core/ledger/proof-file.ts';
import { verifyConsistency, verifyInclusion } from '../../../core/ledger/proofs.ts';
import type { Sql } from '../../../db/client.ts';
import { appendRecords } from '../../../db/queries/ledger.ts';
import { recordId } from '../../../db/record-id.ts';
import type { EntryProof, LogKey } from '../../../schemas/audit.ts';
import { verifyEd25519 } from '../../../db/ledger-primitives.ts';
import { startApi, type TestApi } from '../../support/api.ts';
import { openTestPool } from '../../support/database.ts';
import { createLedgerClock } from '../../support/ledger-clock.ts';
import { auditRecord, sha256Hex } from '../../support/ledger-records.ts';
import { startTestSigner, type TestSigner } from '../../support/signed-ledgers.ts';

const AUDIT = '/api/v1/audit';
let test: TestApi;
let signer: TestSigner;
let admin: Sql;
/** An organisation with 600 entries and more, three of them events, and another one. */
let big: { orgId: string; key: string };
let other: { orgId: string; key: string };

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const hashOf = (hex: string): Hash => bytesOfHex(hex) as Hash;
const get = (path: string, key = big.key, headers: Record<string, string> = {}) => test.call('GET', `${AUDIT}${path}`, { key, headers });

async function organization(): Promise<{ orgId: string; key: string }> {
  const orgId = await test.newOrganization();
  return { orgId, key: (await test.newKey({ orgId })).key };
}

async function vkeysOf(key: string): Promise<Vkey[]> {
  const keys = (await get('/keys', key)).body.data as LogKey[];
  return keys.flatMap(({ vkey }) => parseVkey(vkey, sha256) ?? []);
}

async function opened(note: string, key: string): Promise<Checkpoint> {
  const checkpoint = openCheckpoint(note, await vkeysOf(key), verifyEd25519);
  if ('problem' in checkpoint) throw new Error(checkpoint.problem);
  return checkpoint;
}

beforeAll(async () => {
  test = await startApi();
  admin = openTestPool({ url: test.database.adminUrl, maxConnections: 1 });
  [big, other] = [await organization(), await organization()];
  for (const [id, action] of [
    ['e1', 'read'],
    ['e2', 'destroy'],
    ['42', 'ask'],
  ]) {
    await test.call('POST', '/api/v1/governance/events', { key: big.key, body: { id, agentId: 'a', action } });
  }
  await appendRecords(
    test.database.appSql,
    Array.from({ length: 600 }, (_, at) => auditRecord(big.orgId, `r${at}`)),
  );
  signer = await startTestSigner(test.database.adminUrl);
  await signer.sign();
});
afterAll(async () => {
  await signer.stop();
  await admin.end({ timeout: 1 });
  await test.stop();
});

describe('entries', () => {
  it('are listed newest first, page by page, each with its text and hashes', async () => {
    const seen: { seq: number; body: string | null; bodyHash: string; purged: boolean }[] = [];
    let cursor = '';
    do {
      const { status, body } = await get(`/entries?limit=200${cursor}`);
      expect(status).toBe(200);
      seen.push(...body.data);
      cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`;
    } while (cursor !== '');
    expect(seen.length).toBeGreaterThan(600);
    expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, at) => seen.length - 1 - at));
    for (const { body, bodyHash, purged } of seen) expect([sha256Hex(body ?? ''), purged]).toEqual([bodyHash, false]);
  });

  it('are found by kind, type, target and event', async () => {
    const seqsOf = async (query: string) => {
      const { status, body } = await get(`/entries?${query}`);
      expect(status).toBe(200);
      return body.data.map(({ kind, body: text }: { kind: number; body: string }) => [
        kind,
        JSON.parse(text).type ?? JSON.parse(text).event?.id ?? JSON.parse(text).eventId,
      ]);
    };
    expect(await seqsOf('kind=1')).toEqual([
      [1, '42'],
      [1, 'e2'],
      [1, 'e1'],
    ]);
    expect(await seqsOf('type=key.created')).toEqual([]);
    expect(await seqsOf('type=test.made&kind=3')).toHaveLength(2);
    expect(await seqsOf('target=r7')).toEqual([[3, 'test.happened']]);
    expect(await seqsOf('target=r7&type=other')).toEqual([]);
    expect(await seqsOf('eventId=e2')).toEqual([
      [4, 'e2'],
      [1, 'e2'],
    ]);
    expect(await seqsOf('eventId=nothing')).toEqual([]);
  });

  it('are found by time, whatever the ledger’s length', async () => {
    const { orgId, key } = await organization();
    const times = Array.from({ length: 40 }, (_, at) => new Date(Date.UTC(2040, 0, 1) + 1_000 * Math.floor(at / 3)));
    const clock = await createLedgerClock(admin);
    for (const [at, time] of times.entries()) {
      await clock.freeze(time.getTime());
      await appendRecords(test.database.appSql, [auditRecord(orgId, `t${at}`)]);
    }
    await clock.freeze(null);
    const [first] = await admin<{ seq: number }[]>`select min(seq) as seq from audit_records where org_id = ${orgId} and type = 'test.happened'`;
    const found = async (query: string) => {
      const { body } = await get(`/entries?limit=200&type=test.happened&${query}`, key);
      return body.data.map(({ seq }: { seq: number }) => seq - (first?.seq ?? 0)).toReversed();
    };
    const between = (from: number, until: number) => times.flatMap((time, at) => (time.getTime() >= from && time.getTime() < until ? [at] : []));
    const at = (second: number, ms = 0) => Date.UTC(2040, 0, 1) + 1_000 * second + ms;
    for (const [from, until] of [
      [at(0), at(100)],
      [at(5), at(6)],
      [at(5, 1), at(7, 1)],
      [at(13), at(13)],
      [at(-9), at(0)],
      [at(14), at(99)],
    ] as const) {
      expect(await found(`from=${new Date(from).toISOString()}&to=${new Date(until).toISOString()}`)).toEqual(between(from, until));
    }
    expect(await found(`from=${new Date(at(9)).toISOString()}`)).toEqual(between(at(9), Infinity));
  });

  it('one is found by its number, and none that is not there', async () => {
    expect((await get('/entries/3')).body).toMatchObject({ seq: 3, purged: false });
    expect((await get('/entries/99999')).status).toBe(404);
    expect((await get('/entries/-1')).status).toBe(422);
    expect((await get('/entries/1e1')).status).toBe(422);
  });

  it('show what was purged as purged, with its hashes', async () => {
    const { orgId, key } = await organization();
    await admin.begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      await tx`delete from audit_records where org_id = ${orgId} and seq = 0`;
    });
    expect((await get('/entries/0', key)).body).toMatchObject({ seq: 0, body: null, purged: true, bodyHash: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  it.each(['cursor=bm9uc2Vuc2U', 'limit=0', 'kind=5', 'from=yesterday', 'nothing=1', 'cursor=WzEsIngiXQ&kind=1'])('refuse the query %s', async (query) => {
    expect((await get(`/entries?${query}`)).status).toBe(422);
  });

  it('a cursor is good for its own filters only', async () => {
    const { body } = await get('/entries?limit=1');
    expect((await get(`/entries?limit=1&kind=3&cursor=${body.nextCursor}`)).status).toBe(422);
    expect((await get(`/checkpoints?cursor=${body.nextCursor}`)).status).toBe(422);
  });
});

describe('proofs', () => {
  const proofOf = async (id: string, query = ''): Promise<EntryProof> => {
    const { status, body } = await get(`/proof/${id}${query}`);
    expect(status).toBe(200);
    return body;
  };

  it.each([0, 1, 255, 256, 511, 512, 600])('entry %d is shown offline to be in the signed ledger, with the keys alone', async (seq) => {
    const { entry, text, body, checkpoint, inclusion, proofFile, deployment } = await proofOf(String(seq));
    const leaf = sha256(Buffer.concat([Buffer.of(0), Buffer.from(text)]));
    expect(Buffer.from(leaf).toString('hex')).toBe(entry.entryHash);
    expect(JSON.parse(text)).toMatchObject({ seq, org: big.orgId, body: sha256Hex(body ?? ''), id: entry.id });
    const { size, root, origin } = await opened(checkpoint.note, big.key);
    expect([size, origin]).toEqual([checkpoint.size, `ledger.example.com/mg/org/${big.orgId}`]);
    expect(verifyInclusion({ index: seq, size, leaf, proof: inclusion.map(hashOf), root, sha256 })).toBe(true);
    expect(verifyInclusion({ index: seq, size, leaf: sha256(leaf), proof: inclusion.map(hashOf), root, sha256 })).toBe(false);

    const file = parseProofFile(proofFile);
    expect(file).toMatchObject({ index: seq, checkpoint: checkpoint.note });
    expect(file?.proof.map((hash) => Buffer.from(hash).toString('hex'))).toEqual(inclusion);

    const log = await opened(deployment?.note ?? '', big.key);
    const noteLeaf = sha256(Buffer.concat([Buffer.of(0), sha256(Buffer.from(checkpoint.note))]));
    expect(deployment?.number).toBe(checkpoint.number);
    expect(
      verifyInclusion({ index: deployment?.index ?? -1, size: log.size, leaf: noteLeaf, proof: (deployment?.proof ?? []).map(hashOf), root: log.root, sha256 }),
    ).toBe(true);
  });

  it('is asked for by number, record id or event id', async () => {
    const byEvent = await proofOf('e1');
    expect(byEvent.entry.id).toBe(recordId(big.orgId, 'event', 'e1'));
    expect(await proofOf(byEvent.entry.id)).toEqual(byEvent);
    expect(await proofOf(String(byEvent.entry.seq))).toEqual(byEvent);
    // An event that is called like a number.
    expect((await proofOf('42')).entry.seq).toBe(42);
    expect((await proofOf('42', '?by=event')).entry.id).toBe(recordId(big.orgId, 'event', '42'));
  });

  it('is the C2SP file for whoever prefers text, and JSON for everybody else', async () => {
    const { headers, text } = await get('/proof/3', big.key, { Accept: 'text/plain' });
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(headers['vary']).toContain('Accept');
    expect(text).toBe((await proofOf('3')).proofFile);
    expect((await get('/proof/3', big.key, { Accept: '*/*' })).headers['content-type']).toMatch('application/json');
    expect((await get('/checkpoints/latest', big.key, { Accept: 'text/plain' })).text).toMatch(/^ledger\.example\.com\/mg\/org\//);
  });

  it.each(['99999', 'e99', '00000000-0000-4000-8000-000000000000', '3?by=record', '3?by=event', 'e1?by=seq'])('there is none of %s', async (id) => {
    expect((await get(`/proof/${id}`)).status).toBe(404);
  });

  it('of what is not signed yet is asked for again later', async () => {
    const { orgId, key } = await organization();
    const early = await get('/proof/0', key);
    expect([early.status, early.body.code, Number(early.headers['retry-after'])]).toEqual([409, 'not-yet-signed', 10]);
    expect((await get('/checkpoints/latest', key)).body.code).toBe('not-yet-signed');
    expect((await get('/proof/consistency?from=0', key)).body.code).toBe('not-yet-signed');
    await signer.sign();
    expect((await get('/proof/0', key)).status).toBe(200);
    await appendRecords(test.database.appSql, [auditRecord(orgId, 'later')]);
    const [last] = (await get('/entries?limit=1', key)).body.data;
    expect((await get(`/proof/${last.seq}`, key)).body.code).toBe('not-yet-signed');
  });

  it('two sizes are shown to be of one history', async () => {
    const newest = (await get('/checkpoints/latest')).body;
    const rootOf = async (size: number) => {
      const [row] = await admin<{ hashes: string[] }[]>`
        select array_agg(encode(entry_hash, 'hex') order by seq) as hashes from ledger_entry where org_id = ${big.orgId} and seq < ${size}`;
      const range = createCompactRange(sha256);
      for (const hash of row?.hashes ?? []) range.append(hashOf(hash));
      return range.root();
    };
    for (const [from, to] of [
      [1, newest.size],
      [255, 256],
      [256, 513],
      [300, newest.size],
      [newest.size, newest.size],
    ] as const) {
      const { status, body } = await get(`/proof/consistency?from=${from}${to === newest.size ? '' : `&to=${to}`}`);
      expect([status, body.from, body.to]).toEqual([200, from, to]);
      const [fromRoot, toRoot] = [await rootOf(from), await rootOf(to)];
      expect(verifyConsistency({ from, to, fromRoot, toRoot, proof: body.proof.map(hashOf), sha256 })).toBe(true);
      expect(body.checkpoint?.note).toBe(to === newest.size ? newest.note : undefined);
    }
    expect((await get(`/proof/consistency?from=3&to=2`)).status).toBe(422);
    expect((await get(`/proof/consistency?from=0&to=${newest.size + 1}`)).body.code).toBe('not-yet-signed');
    expect((await get(`/proof/consistency`)).status).toBe(422);
  });
});

describe('checkpoints and keys', () => {
  it('are listed newest first, each signed for this organisation', async () => {
    const { key } = await organization();
    await signer.sign();
    signer.later(3_660_000);
    await signer.sign();
    const first = await get('/checkpoints?limit=1', key);
    const rest = await get(`/checkpoints?limit=1&cursor=${first.body.nextCursor}`, key);
    expect([first.body.data[0].number, rest.body.data[0].number, rest.body.nextCursor]).toEqual([2, 1, null]);
    for (const { note, size, root } of [...first.body.data, ...rest.body.data]) {
      expect(await opened(note, key)).toMatchObject({ size, root: Buffer.from(root, 'hex') });
    }
    expect((await get('/checkpoints/latest', key)).body).toEqual(first.body.data[0]);
  });

  it('keys carry the name of the organisation’s own log', async () => {
    const { data } = (await get('/keys')).body as { data: LogKey[] };
    expect(Object.fromEntries(data.map(({ use, vkey }) => [use, vkey.split('+')[0]]))).toEqual({
      deployment: 'ledger.example.com/mg/deployment',
      log: `ledger.example.com/mg/org/${big.orgId}`,
      time: 'ledger.example.com/mg/time',
    });
    expect(data).toHaveLength(3);
  });
});

describe('another organisation', () => {
  it('is not there: neither its entries, proofs, checks nor receipts', async () => {
    const { entry } = (await get('/proof/e1')).body as EntryProof;
    for (const path of [`/proof/${entry.id}`, '/proof/e1', '/entries/300']) expect((await get(path, other.key)).status).toBe(404);
    const check = await test.call('POST', `${AUDIT}/verify`, { key: big.key });
    for (const path of [`/verifications/${check.body.id}`, `/purges/${check.body.id}`]) expect((await get(path, other.key)).status).toBe(404);
    expect((await test.call('POST', `${AUDIT}/verifications/${check.body.id}/cancel`, { key: other.key })).status).toBe(404);
    expect((await get('/verifications', other.key)).body.data).toEqual([]);
  });
});

describe('the scope audit:read', () => {
  it.each([
    '/entries',
    '/entries/0',
    '/proof/0',
    '/proof/consistency?from=0',
    '/checkpoints',
    '/checkpoints/latest',
    '/keys',
    '/export',
    '/verifications',
    '/purges',
  ])('is needed for %s', async (path) => {
    const { key } = await test.newKey({ orgId: big.orgId, scopes: ['events:read', 'hitl:read', 'agents:read', 'policies:read'] });
    expect((await get(path, key)).body.code).toBe('missing-scope');
    expect((await test.call('GET', `${AUDIT}${path}`)).status).toBe(401);
  });
});
