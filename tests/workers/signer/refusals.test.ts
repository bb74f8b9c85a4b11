import { rmSync, writeFileSync } from 'node:fs';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sql } from '../../../db/client.ts';
import { listCheckpoints } from '../../../db/queries/checkpoints.ts';
import { appendRecords } from '../../../db/queries/ledger.ts';
import { asTenant } from '../../../db/tenant.ts';
import { copyDatabase } from '../../support/copy-database.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../../support/database.ts';
import { addOrganization, auditRecord } from '../../support/ledger-records.ts';
import { checkHistory } from '../../support/signed-history.ts';
import { newStateDirectory, openTurns, removeStateDirectories, type SignerTurns } from '../../support/signer-turns.ts';

/** Rewrites a ledger's entries from `$from` on so that the chain holds again: whoever has the whole database can. */
const REWRITE = `
  do $do$
  declare e record; v_prev bytea; v_org uuid := $org;
  begin
    select entry_hash into v_prev from ledger_entry where org_id = v_org and seq = $from - 1;
    for e in select * from ledger_entry where org_id = v_org and seq >= $from order by seq loop
      v_prev := sha256('\\x00'::bytea || convert_to(format('{"at":%s,"body":"%s","id":"%s","kind":%s,"org":"%s","prev":"%s","retain":%s,"seq":%s,"v":1}',
        (extract(epoch from e.at) * 1000)::bigint, encode(case e.seq when $from then sha256('other') else e.body_hash end, 'hex'), e.record_id, e.kind, v_org, encode(v_prev, 'hex'), e.retain_days, e.seq), 'UTF8'));
      update ledger_entry set body_hash = case e.seq when $from then sha256('other') else e.body_hash end, entry_hash = v_prev where org_id = v_org and seq = e.seq;
    end loop;
    update ledger_head set head = v_prev where org_id = v_org;
  end $do$`;

describe('a history that contradicts what was signed is not signed', () => {
  let database: TestDatabase;
  let app: Sql;
  let admin: Sql;
  let org: string;
  let bystander: string;
  let turns: SignerTurns;

  beforeEach(async () => {
    database = await createTestDatabase();
    app = database.appSql;
    admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
    [org, bystander] = [await addOrganization(app), await addOrganization(app)];
    turns = await openTurns(database.adminUrl);
    await append('first');
    await turns.tick();
  });

  afterEach(async () => {
    await turns.close();
    await admin.end({ timeout: 1 });
    await database.drop();
  });

  afterAll(removeStateDirectories);

  const append = async (name: string): Promise<void> => {
    for (const each of [org, bystander]) {
      await appendRecords(
        app,
        Array.from({ length: 5 }, (_, at) => auditRecord(each, `${name}-${at}`)),
      );
    }
  };
  const numbers = async (of = org): Promise<number[]> => (await listCheckpoints(app, { orgId: of, afterNumber: 0, limit: 100 })).map(({ number }) => number);
  const refusalRecords = (of = org, sql = app) =>
    asTenant(sql, of, (tx) => tx<{ body: string }[]>`select body from audit_records where org_id = ${of} and type = 'signer.refused'`);
  const errorsOf = ({ logged }: SignerTurns) => logged.filter(({ level }) => level >= 50);

  /** As an attacker with the whole server would: past triggers. */
  const tamper = (statement: string): Promise<unknown> =>
    admin.begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      await tx.unsafe(statement.replaceAll('$org', `'${org}'`).replaceAll('$from', '3'));
    });

  const again = async (directory = turns.directory): Promise<SignerTurns> => {
    await turns.close();
    turns = await openTurns(database.adminUrl, { directory });
    return turns;
  };

  test.each<[string, string, string]>([
    ['an entry that is not what it was hashed from', 'update ledger_entry set retain_days = 7 where org_id = $org and seq = 10', 'history-inconsistent'],
    ['an entry whose hash was changed', "update ledger_entry set entry_hash = sha256('x') where org_id = $org and seq = 11", 'history-inconsistent'],
    ['an entry of no time', "update ledger_entry set at = 'infinity' where org_id = $org and seq = 11", 'history-inconsistent'],
    ['an entry that is gone', 'delete from ledger_entry where org_id = $org and seq = 11', 'history-inconsistent'],
    ['a tail that is gone', 'delete from ledger_entry where org_id = $org and seq >= 11', 'history-inconsistent'],
    ['a head of something else', "update ledger_head set head = sha256('x') where org_id = $org", 'history-inconsistent'],
    ['a rewritten chain, signed entries included, whose every hash is right', REWRITE, 'history-inconsistent'],
    ['a time that goes back', "update ledger_entry set at = at - interval '1 day' where org_id = $org and seq = 11", 'history-inconsistent'],
    [
      'a ledger that was cut below what was signed',
      'with cut as (delete from ledger_entry where org_id = $org and seq >= 6) update ledger_head set next_seq = 6, head = (select entry_hash from ledger_entry where org_id = $org and seq = 5) where org_id = $org',
      'size-went-backwards',
    ],
    ['a ledger that is gone', 'delete from ledger_head where org_id = $org', 'size-went-backwards'],
    ['a checkpoint that is gone', 'delete from ledger_checkpoint where org_id = $org', 'checkpoints-inconsistent'],
    ['a checkpoint that says something else', "update ledger_checkpoint set root = sha256('x') where org_id = $org", 'checkpoints-inconsistent'],
    [
      'a checkpoint whose note is of another hand',
      "update ledger_checkpoint set note = replace(note, E'\\n\\n', E'\\nx\\n\\n') where org_id = $org",
      'checkpoints-inconsistent',
    ],
    [
      'a checkpoint that was not signed here',
      'insert into ledger_checkpoint select org_id, 2, size + 1, root, note, signed_at from ledger_checkpoint where org_id = $org',
      'state-outdated',
    ],
    ['receipts that speak of another size', 'update ledger_head set checkpoint_size = 3 where org_id = $org', 'checkpoints-inconsistent'],
  ])('%s: refused once and for good, and the others are signed', async (_, statement, reason) => {
    await append('second');
    await tamper(statement);
    const checkpoints = await numbers();
    // A ledger that is gone is noticed by its heartbeat, or when the session is new.
    await again();
    expect(await turns.tick()).toMatchObject({ signed: 1, refusals: 1 });
    expect(await turns.tick()).toMatchObject({ signed: 0, refusals: 1 });
    expect(await numbers()).toEqual(checkpoints);
    expect(await numbers(bystander)).toEqual([1, 2]);
    expect(errorsOf(turns)).toMatchObject([{ orgId: org, reason }]);

    await again();
    expect(await turns.tick()).toMatchObject({ refusals: 1 });
    expect(await numbers()).toEqual(checkpoints);
    if (!statement.includes('delete from ledger_head')) {
      const records = await refusalRecords();
      expect(records.map(({ body }) => (JSON.parse(body) as { details: { reason: string; remembered: { number: number } } }).details)).toMatchObject([
        { reason, remembered: { number: 1 } },
      ]);
    }
  });

  test('a new ledger that takes no record of its keys is refused, and the others are signed', async () => {
    const broken = await addOrganization(app);
    await append('second');
    await admin.begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      await tx`delete from organization where org_id = ${broken}`;
    });
    expect(await turns.tick()).toMatchObject({ signed: 2, refusals: 1 });
    expect(await numbers(broken)).toEqual([]);
    expect(errorsOf(turns)).toMatchObject([{ orgId: broken, reason: 'history-inconsistent' }]);
  });

  test('a contradiction is found in the turn in which it is to be signed, without a new session', async () => {
    await append('second');
    await tamper(REWRITE);
    expect(await turns.tick()).toMatchObject({ signed: 1, refusals: 1 });
    expect(await refusalRecords()).toHaveLength(1);
  });

  test('a rewritten resting ledger is found by its heartbeat', async () => {
    await tamper(REWRITE);
    expect(await turns.tick()).toMatchObject({ signed: 0, refusals: 0 });
    turns.later(3_700_000);
    expect(await turns.tick()).toMatchObject({ signed: 1, refusals: 1 });
    expect(await numbers()).toEqual([1]);
  });

  test('nothing is repaired: what was refused stays refused when the database says again what was signed', async () => {
    await tamper('update ledger_head set checkpoint_size = 3 where org_id = $org');
    await again();
    expect(await turns.tick()).toMatchObject({ refusals: 1 });
    await tamper('update ledger_head set checkpoint_size = (select max(size) from ledger_checkpoint where org_id = $org) where org_id = $org');
    expect(await turns.tick()).toMatchObject({ refusals: 1 });
    await again();
    expect(await turns.tick()).toMatchObject({ refusals: 1 });
    expect(await numbers()).toEqual([1]);
  });

  test('a database that was put back to an older copy is refused for every organisation that had gone on', async () => {
    const resting = await addOrganization(app);
    await turns.tick();
    const older = await copyDatabase(database.adminUrl);
    await append('second');
    await turns.tick();
    await append('third');
    await turns.tick();
    await turns.close();
    turns = await openTurns(older.adminUrl, { directory: turns.directory });
    try {
      const report = await turns.tick();
      // Two organisations, and the deployment log, into which every checkpoint goes: nothing is signed until somebody has acted.
      expect(report).toMatchObject({ signed: 0, refusals: 3 });
      const reasons = errorsOf(turns).map(({ reason }) => String(reason));
      expect(reasons.toSorted()).toEqual(['checkpoints-inconsistent', 'size-went-backwards', 'size-went-backwards']);
      expect(errorsOf(turns).map(({ orgId }) => orgId)).not.toContain(resting);
    } finally {
      await older.drop();
    }
  });

  test('an older copy that has gone on by itself, past what was signed, is refused as well', async () => {
    const older = await copyDatabase(database.adminUrl);
    await append('second');
    await turns.tick();
    await turns.close();
    const other = openTestPool({ url: older.adminUrl, role: 'mg_app', maxConnections: 1 });
    await appendRecords(
      other,
      Array.from({ length: 20 }, (_, at) => auditRecord(org, `elsewhere-${at}`)),
    );
    turns = await openTurns(older.adminUrl, { directory: turns.directory });
    try {
      expect(await turns.tick()).toMatchObject({ signed: 0 });
      await turns.tick();
      expect(errorsOf(turns)).toContainEqual(expect.objectContaining({ orgId: org, reason: 'history-inconsistent' }));
      expect(await asTenant(other, org, (tx) => tx`select 1 from ledger_checkpoint where org_id = ${org}`)).toHaveLength(1);
    } finally {
      await other.end();
      await older.drop();
    }
  });

  test('an older copy of the state directory is refused: it does not remember what it signed since', async () => {
    const older = newStateDirectory();
    await cp(turns.directory, older, { recursive: true });
    await append('second');
    await turns.tick();
    rmSync(join(older, 'signer.pid'), { force: true });
    await again(older);
    expect(await turns.tick()).toMatchObject({ signed: 0, refusals: 3 });
    expect(errorsOf(turns).map(({ reason }) => reason)).toEqual(['state-outdated', 'state-outdated', 'state-outdated']);
  });

  test('a state that is lost while checkpoints are stored is refused, and new organisations wait with the others', async () => {
    rmSync(join(turns.directory, 'orgs'), { recursive: true });
    rmSync(join(turns.directory, 'deployment.json'));
    await again();
    await append('second');
    await addOrganization(app);
    expect(await turns.tick()).toMatchObject({ signed: 0, refusals: 3 });
    expect(errorsOf(turns).map(({ reason }) => reason)).toEqual(['state-lost', 'state-lost', 'state-lost']);
    expect(await numbers()).toEqual([1]);
  });

  test("one organisation's lost or damaged state holds up nobody else", async () => {
    const file = join(turns.directory, 'orgs', `${org}.json`);
    writeFileSync(file, (await readFile(file, 'utf8')).slice(0, 40));
    await again();
    await append('second');
    expect(await turns.tick()).toMatchObject({ signed: 1, refusals: 1 });
    expect(errorsOf(turns)).toMatchObject([{ orgId: org, reason: 'state-lost' }]);
    expect(await numbers(bystander)).toEqual([1, 2]);
    // The damaged file is evidence: it stays as it is.
    expect((await readFile(file, 'utf8')).length).toBe(40);
  });

  test('a checkpoint of the deployment log that is gone stops everything, and says so once', async () => {
    await tamper('delete from deployment_checkpoint');
    await append('second');
    expect(await turns.tick()).toMatchObject({ signed: 0, refusals: 1 });
    expect(await turns.tick()).toMatchObject({ signed: 0, refusals: 1 });
    expect(errorsOf(turns)).toMatchObject([{ reason: 'checkpoints-inconsistent' }]);
  });

  test('a tile that somebody has put into the way keeps its own organisation from being signed, and no other', async () => {
    await appendRecords(
      app,
      Array.from({ length: 300 }, (_, at) => auditRecord(org, `many-${at}`)),
    );
    await append('second');
    await tamper("insert into ledger_tile values ($org, 0, 0, sha256('x'))");
    await expect(turns.tick()).rejects.toMatchObject({ code: '23514', detail: org });
    await expect(turns.tick()).rejects.toMatchObject({ code: '23514', detail: org });
    expect(await turns.tick()).toMatchObject({ signed: 1, refusals: 1 });
    expect(await numbers()).toEqual([1]);
    expect((await checkHistory(app, bystander)).checkpoints).toHaveLength(2);
  });
});
