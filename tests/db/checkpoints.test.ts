import { createHash, randomBytes } from 'node:crypto';
import { canonicalize } from '../../core/json/canonical.ts';
import type { Sql } from '../../db/client.ts';
import { deploymentProofParts, deploymentTileHashes, listCheckpoints, listLogKeys, newestCheckpoint, tileHashes } from '../../db/queries/checkpoints.ts';
import { appendRecords } from '../../db/queries/ledger.ts';
import { settleDecisions } from '../../db/queries/settle.ts';
import {
  appendSignerNotes,
  type CheckpointItem,
  type DeploymentItem,
  holdSignerLock,
  publishLogKey,
  recordCheckpoints,
  releaseSignerLock,
  retireLogKey,
} from '../../db/queries/signing.ts';
import { asTenant } from '../../db/tenant.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../support/database.ts';
import { addOrganization, auditOf, auditRecord, settleItem } from '../support/ledger-records.ts';

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
const hash = (): string => randomBytes(32).toString('hex');

describe('recorded checkpoints', () => {
  let database: TestDatabase;
  let app: Sql;
  let admin: Sql;
  let signer: Sql;
  let other: Sql;
  let org: string;
  let deploymentNumber = 0;
  let deploymentSize = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    app = database.appSql;
    const open = (role?: string): Sql => openTestPool({ url: database.adminUrl, ...(role === undefined ? {} : { role }), maxConnections: 1 });
    [admin, signer, other] = [open(), open('mg_signer'), open('mg_signer')];
  });

  afterAll(async () => {
    for (const sql of [admin, signer, other]) await sql.end({ timeout: 1 });
    await database.drop();
  });

  beforeEach(async () => {
    org = await addOrganization(app);
    await appendRecords(
      app,
      ['a', 'b', 'c', 'd'].map((name) => auditRecord(org, name)),
    );
  });

  const checkpoint = (changes: Partial<CheckpointItem> = {}): CheckpointItem => ({
    org,
    number: 1,
    size: 3,
    root: hash(),
    note: `note ${hash()}`,
    tiles: [],
    ...changes,
  });

  const deployment = (checkpoints: readonly CheckpointItem[], changes: Partial<DeploymentItem> = {}): DeploymentItem => ({
    number: deploymentNumber + 1,
    size: deploymentSize + checkpoints.length,
    root: hash(),
    note: `deployment ${hash()}`,
    leaves: checkpoints.map(({ org: of, number, note }, at) => ({
      index: deploymentSize + at,
      org: of,
      number,
      hash: sha256(Buffer.concat([Buffer.of(0), sha256(Buffer.from(note))])).toString('hex'),
    })),
    tiles: [],
    ...changes,
  });

  /** As the signer does it; the deployment log stays in step. */
  async function record(checkpoints: readonly CheckpointItem[], changes: Partial<DeploymentItem> = {}, sql = signer): Promise<void> {
    await recordCheckpoints(sql, checkpoints, deployment(checkpoints, changes));
    deploymentNumber += 1;
    deploymentSize += checkpoints.length;
  }

  const stored = () => listCheckpoints(app, { orgId: org, afterNumber: 0, limit: 100 });

  test('are read by their organisation, and receipts of later events name the newest size', async () => {
    const first = checkpoint();
    await record([first]);
    expect(await newestCheckpoint(app, org)).toMatchObject({ number: 1, size: 3, note: first.note, root: Buffer.from(first.root, 'hex') });
    const [receipt] = await settleDecisions(app, [settleItem(org, 'e1')]);
    expect(receipt).toMatchObject({ seq: 5, checkpointSize: 3 });

    await record([checkpoint({ number: 2, size: 6 })]);
    const [later] = await settleDecisions(app, [settleItem(org, 'e2')]);
    expect(later).toMatchObject({ checkpointSize: 6 });
    expect((await stored()).map(({ number, size }) => [number, size])).toEqual([
      [1, 3],
      [2, 6],
    ]);
    expect(await listCheckpoints(app, { orgId: org, afterNumber: 1, limit: 1 })).toMatchObject([{ number: 2 }]);
  });

  test('of several organisations stand together or not at all', async () => {
    const second = await addOrganization(app);
    await expect(record([checkpoint(), checkpoint({ org: second, size: 2 })])).rejects.toMatchObject({ code: '23514', detail: second });
    expect(await stored()).toEqual([]);
    await record([checkpoint(), checkpoint({ org: second, size: 1 })]);
    expect(await stored()).toHaveLength(1);
    expect(await newestCheckpoint(app, second)).toMatchObject({ number: 1, size: 1 });
  });

  test.each<[string, Partial<CheckpointItem>, string]>([
    ['a size beyond the ledger', { number: 2, size: 6 }, 'has fewer entries'],
    ['a size that goes backwards', { number: 2, size: 2 }, 'contradicts the one before'],
    ['another root for the same size', { number: 2, size: 3 }, 'contradicts the one before'],
    ['a number that is taken', { number: 1, size: 4 }, 'is not the next one'],
    ['a number that leaves one out', { number: 3, size: 4 }, 'is not the next one'],
    ['a tile that is there already', { number: 2, size: 4, tiles: [{ level: 0, index: 0, root: hash() }] }, 'is there already'],
  ])('%s is refused', async (_, changes, message) => {
    await record([checkpoint({ tiles: [{ level: 0, index: 0, root: hash() }] })]);
    await expect(record([checkpoint(changes)])).rejects.toMatchObject({ code: '23514', detail: org, message: expect.stringContaining(message) as string });
    expect(await stored()).toHaveLength(1);
  });

  test('an organisation without a ledger is refused', async () => {
    await expect(record([checkpoint({ org: '00000000-0000-4000-8000-000000000000' })])).rejects.toMatchObject({ code: '23503' });
  });

  test.each<[string, (checkpoints: readonly CheckpointItem[]) => Partial<DeploymentItem>]>([
    ['a deployment log that is not the next one', () => ({ number: deploymentNumber + 2 })],
    ['a deployment log without the checkpoint', () => ({ size: deploymentSize, leaves: [] })],
    ['a leaf that is not the hash of the note', () => ({ leaves: [{ index: deploymentSize, org, number: 1, hash: hash() }] })],
    ['a leaf in another place', (checkpoints) => ({ leaves: deployment(checkpoints).leaves.map((leaf) => ({ ...leaf, index: deploymentSize + 1 })) })],
    ['more leaves than the size says', () => ({ size: deploymentSize })],
  ])('%s is refused, and nothing is recorded', async (_, changes) => {
    const checkpoints = [checkpoint()];
    await expect(recordCheckpoints(signer, checkpoints, deployment(checkpoints, changes(checkpoints)))).rejects.toMatchObject({ code: '23514' });
    expect(await stored()).toEqual([]);
  });

  test('leaves of checkpoints that were signed and never recorded keep their place', async () => {
    const lost = checkpoint();
    const found = checkpoint();
    await recordCheckpoints(signer, [found], { ...deployment([lost, found]), size: deploymentSize + 2 });
    deploymentNumber += 1;
    deploymentSize += 2;
    expect(await deploymentProofParts(app, org)).toMatchObject({ number: 1, index: deploymentSize - 1, deployment: { size: deploymentSize } });
  });

  test('two who record at once: one is recorded, whole, and the other is refused', async () => {
    const rivals = [checkpoint(), checkpoint()];
    const outcomes = await Promise.allSettled(
      [signer, other].map((sql, at) => recordCheckpoints(sql, [rivals[at] as CheckpointItem], deployment([rivals[at] as CheckpointItem]))),
    );
    deploymentNumber += 1;
    deploymentSize += 1;
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const [refused] = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [(outcome.reason as { code: string }).code] : []));
    expect(['23514', '55P03']).toContain(refused);
    expect(await stored()).toMatchObject([{ note: rivals[outcomes[0]?.status === 'fulfilled' ? 0 : 1]?.note }]);
  });

  test('who does not hold the lock of the signer records nothing', async () => {
    expect(await holdSignerLock(other)).toBe('taken');
    expect(await holdSignerLock(other)).toBe('held');
    expect(await holdSignerLock(signer)).toBe('other');
    await expect(record([checkpoint()])).rejects.toMatchObject({ code: '55P03' });
    await record([checkpoint()], {}, other);
    await releaseSignerLock(other);
    expect(await holdSignerLock(signer)).toBe('taken');
    await releaseSignerLock(signer);
  });

  test('recording and appending to the same ledgers, whatever the order they are named in, never wait for each other for ever', async () => {
    const orgs = await Promise.all(Array.from({ length: 6 }, () => addOrganization(app)));
    const appending = Array.from({ length: 20 }, (_, round) =>
      appendRecords(
        app,
        (round % 2 === 0 ? orgs : orgs.toReversed()).map((each) => auditRecord(each, `r${round}`)),
      ),
    );
    for (let number = 1; number <= 10; number += 1) {
      const named = number % 2 === 0 ? orgs : orgs.toReversed();
      await record(named.map((each) => checkpoint({ org: each, number, size: 1, root: '00'.repeat(32) })));
    }
    await Promise.all(appending);
    expect(await newestCheckpoint(app, orgs[0] ?? '')).toMatchObject({ number: 10 });
  });

  test('are never changed or removed, by anybody', async () => {
    await record([checkpoint({ tiles: [{ level: 0, index: 0, root: hash() }] })]);
    await publishLogKey(signer, { vkey: `k${org}`, name: 'k', use: 'log' });
    for (const [table, column] of [
      ['ledger_checkpoint', 'note'],
      ['ledger_tile', 'root'],
      ['deployment_leaf', 'hash'],
      ['deployment_checkpoint', 'note'],
      ['deployment_tile', 'root'],
      ['log_key', 'name'],
    ] as const) {
      for (const statement of [`update ${table} set ${column} = ${column}`, `delete from ${table}`, `truncate ${table}`]) {
        for (const role of ['', 'mg_owner', 'mg_ledger', 'mg_purge', 'mg_signer']) {
          const outcome = await admin
            .begin(async (tx) => {
              if (role !== '') await tx.unsafe(`set local role ${role}`);
              return (await tx.unsafe(statement)).count;
            })
            .catch((error: { code?: string }) => error.code);
          // An empty table, or one whose rows the owner cannot see, has nothing a row trigger could refuse.
          expect([role, statement, outcome]).toEqual([role, statement, outcome === 0 ? 0 : '42501']);
        }
      }
    }
    expect(await stored()).toHaveLength(1);
  });

  test('a key is retired once, and says when', async () => {
    const vkey = `key-${org}`;
    await publishLogKey(signer, { vkey, name: 'example.com/mg/org', use: 'log' });
    await publishLogKey(signer, { vkey, name: 'another', use: 'time' });
    const find = async () => (await listLogKeys(app)).find((key) => key.vkey === vkey);
    expect(await find()).toMatchObject({ name: 'example.com/mg/org', use: 'log', retiredAt: null });
    await retireLogKey(signer, vkey);
    const retired = await find();
    expect(retired?.retiredAt).toBeInstanceOf(Date);
    await retireLogKey(signer, vkey);
    expect(await find()).toEqual(retired);
    await expect(admin`update log_key set retired_at = null where vkey = ${vkey}`).rejects.toMatchObject({ code: '42501' });
  });

  test('hashes of tiles are those of the tree that is asked for, level by level', async () => {
    await appendRecords(
      app,
      Array.from({ length: 300 }, (_, at) => auditRecord(org, `many-${at}`)),
    );
    const root = hash();
    await record([checkpoint({ size: 300, tiles: [{ level: 0, index: 0, root }] })]);
    const tiles = [
      { level: 0, index: 0 },
      { level: 0, index: 1 },
      { level: 1, index: 0 },
      { level: 0, index: 9 },
    ];
    const hashes = await tileHashes(app, { orgId: org, tiles, size: 300 });
    expect([...hashes].map(([key, { length }]) => [key, length])).toEqual([
      ['0/0', 256],
      ['0/1', 44],
      ['1/0', 1],
      ['0/9', 0],
    ]);
    const spine = await asTenant(app, org, (tx) => tx<{ hash: Buffer }[]>`select entry_hash as hash from ledger_entry where org_id = ${org} order by seq`);
    expect([...(hashes.get('0/0') ?? []), ...(hashes.get('0/1') ?? [])]).toEqual(spine.slice(0, 300).map((row) => row.hash));
    expect(hashes.get('1/0')).toEqual([Buffer.from(root, 'hex')]);
    const smaller = await tileHashes(app, { orgId: org, tiles, size: 255 });
    expect([...smaller.values()].map(({ length }) => length)).toEqual([255, 0, 0, 0]);
  });

  test('one tenant reads neither checkpoints, tiles nor leaves of another, and hashes of the deployment log all the same', async () => {
    const second = await addOrganization(app);
    const both = [checkpoint({ tiles: [{ level: 0, index: 0, root: hash() }] }), checkpoint({ org: second, size: 1 })];
    await record(both);
    const seen = await asTenant(
      app,
      second,
      (tx) => tx<{ rows: number }[]>`
        select count(*) as rows from ledger_checkpoint where org_id <> ${second}
        union all select count(*) from ledger_tile where org_id <> ${second}
        union all select count(*) from deployment_leaf where org_id <> ${second}`,
    );
    expect(seen.map(({ rows }) => rows)).toEqual([0, 0, 0]);
    const tile = { level: 0, index: 0 };
    const hashes = (await deploymentTileHashes(app, { tiles: [tile], size: deploymentSize })).get('0/0') ?? [];
    expect(hashes).toHaveLength(deploymentSize);
    const parts = await deploymentProofParts(app, second);
    expect(hashes[parts?.index ?? -1]).toEqual(parts?.hash);
  });

  test('the signer reads hashes of everybody, and bodies, members and keys of nobody', async () => {
    const [heads] = await signer<{ n: number }[]>`select count(*) as n from ledger_head`;
    expect(heads?.n).toBeGreaterThan(1);
    for (const table of ['agent_events', 'hitl_decisions', 'audit_records', 'policy_violations', 'organization', 'member', 'api_key', 'policy', 'review']) {
      await expect(signer`select 1 from ${signer(table)}`).rejects.toMatchObject({ code: '42501' });
    }
    await expect(signer`select ledger_append('{}', '{}', '{}', '{}', '{}')`).rejects.toMatchObject({ code: '42501' });
  });

  test('nobody but the signer records, notes, publishes or retires', async () => {
    for (const role of ['mg_app', 'mg_report', 'mg_purge', 'mg_auth', 'mg_owner']) {
      for (const statement of [
        `select record_checkpoints('{}', '{}')`,
        `select signer_note('${org}', '{}')`,
        `select publish_log_key('a', 'b', 'log')`,
        `select retire_log_key('a')`,
      ]) {
        await expect(
          admin.begin(async (tx) => {
            await tx.unsafe(`set local role ${role}`);
            await tx.unsafe(statement);
          }),
        ).rejects.toMatchObject({ code: '42501' });
      }
    }
  });

  test('the signer notes what concerns it and nothing else', async () => {
    const note = (type: string, { actor = 'system', said = type } = {}) => {
      const audit = auditOf(type);
      return { org, audit: { ...audit, body: canonicalize({ v: 1, type: said, actor, details: {} }), fields: { ...audit.fields, actor } } };
    };
    await appendSignerNotes(signer, [note('signing-key.announced'), note('signing-key.retired'), note('signer.resumed'), note('signer.refused')]);
    for (const forged of [
      note('member.created'),
      note('ledger.purged'),
      note('signer.resumed', { actor: 'member:mem_1' }),
      note('signer.resumed', { said: 'key.created' }),
    ]) {
      await expect(appendSignerNotes(signer, [forged])).rejects.toMatchObject({ code: '42501' });
    }
  });
});
