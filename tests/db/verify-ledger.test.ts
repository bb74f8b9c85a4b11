import type { Sql } from '../../db/client.ts';
import { appendRecords } from '../../db/queries/ledger.ts';
import { settleDecisions } from '../../db/queries/settle.ts';
import { verifyLedger } from '../../db/verify-ledger.ts';
import { createTestDatabase, openTestPool } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { addOrganization, auditRecord, settleItem } from '../support/ledger-records.ts';

describe('verifyLedger', () => {
  let database: TestDatabase;
  let sql: Sql;
  let admin: Sql;
  let org: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    sql = database.appSql;
    admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
  });

  afterAll(async () => {
    await admin.end({ timeout: 1 });
    await database.drop();
  });

  beforeEach(async () => {
    org = await addOrganization(sql);
    await appendRecords(
      sql,
      ['a', 'b', 'c', 'd', 'e'].map((name) => auditRecord(org, name)),
    );
    await settleDecisions(sql, [settleItem(org, 'e1')]);
  });

  /** As an attacker with the whole server would: past triggers. */
  const tamper = (statement: string): Promise<unknown> =>
    admin.begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      const { count } = await tx.unsafe(statement.replaceAll('$org', `'${org}'`));
      if (count === 0) throw new Error(`nothing was tampered with: ${statement}`);
    });

  const codes = async (): Promise<string[]> =>
    (await verifyLedger(sql, org)).findings.map(({ code, ref, count }) => `${code} ${ref}${count === 1 ? '' : ` x${count}`}`);

  test('a ledger nobody has touched has no findings', async () => {
    expect(await verifyLedger(sql, org)).toEqual({ orgId: org, entries: 7, purgedBodies: 0, findings: [] });
  });

  test.each([
    ['a changed body', 'update audit_records set body = replace(body, \'"b"\', \'"x"\') where org_id = $org and seq = 2', ['BODY_MISMATCH entry:2']],
    ['a changed body of an event', "update agent_events set body = body || ' ' where org_id = $org and seq = 6", ['BODY_MISMATCH entry:6']],
    ['a body that is no JSON any more', "update audit_records set body = E'a\\nb' where org_id = $org and seq = 2", ['BODY_MISMATCH entry:2']],
    [
      'a body with its hash recomputed',
      "update ledger_entry set body_hash = sha256('other') where org_id = $org and seq = 2",
      ['BODY_MISMATCH entry:2', 'ENTRY_MISMATCH entry:2'],
    ],
    ['a changed column', "update agent_events set value = 'BLOCK' where org_id = $org and seq = 6", ['PROJECTION_MISMATCH entry:6']],
    ['a changed digest', "update agent_events set event_digest = sha256('x') where org_id = $org and seq = 6", ['PROJECTION_MISMATCH entry:6']],
    ['a changed type', "update audit_records set type = 'other' where org_id = $org and seq = 2", ['PROJECTION_MISMATCH entry:2']],
    [
      'a body kept for another time',
      'with moved as (delete from audit_records where org_id = $org and seq = 2 returning *) insert into audit_records select org_id, seq, 7, at, record_id, body, type, actor, target from moved',
      ['PROJECTION_MISMATCH entry:2'],
    ],
    ['a changed kind', 'update ledger_entry set kind = 1 where org_id = $org and seq = 3', ['ENTRY_MISMATCH entry:3', 'PROJECTION_MISMATCH entry:3']],
    [
      'a changed record id',
      "update ledger_entry set record_id = '00000000-0000-4000-8000-000000000000' where org_id = $org and seq = 3",
      ['ENTRY_MISMATCH entry:3', 'PROJECTION_MISMATCH entry:3'],
    ],
    [
      'a changed retention',
      'update ledger_entry set retain_days = 7 where org_id = $org and seq = 3',
      ['ENTRY_MISMATCH entry:3', 'PROJECTION_MISMATCH entry:3'],
    ],
    [
      'a changed time',
      "update ledger_entry set at = at + interval '1 ms' where org_id = $org and seq = 6",
      ['ENTRY_MISMATCH entry:6', 'HEAD_MISMATCH head', 'PROJECTION_MISMATCH entry:6'],
    ],
    [
      'a time before the one before',
      "update ledger_entry set at = at - interval '1 day' where org_id = $org and seq = 5",
      ['ENTRY_MISMATCH entry:5', 'PROJECTION_MISMATCH entry:5', 'TIME_REGRESSION entry:5'],
    ],
    ['a changed entry hash', "update ledger_entry set entry_hash = sha256('x') where org_id = $org and seq = 3", ['ENTRY_MISMATCH entry:3 x2']],
    ['a removed entry', 'delete from ledger_entry where org_id = $org and seq = 3', ['ENTRY_MISMATCH entry:4', 'GAP entry:3', 'ORPHAN_BODY body:3']],
    ['a removed body', 'delete from audit_records where org_id = $org and seq = 2', ['UNEXPLAINED_MISSING entry:2']],
    [
      'a second body of an entry',
      "insert into hitl_decisions select org_id, seq, retention, at, record_id, body, 'r', 'e', 's', 'a' from audit_records where org_id = $org and seq = 2",
      ['DUPLICATE_SEQ body:2', 'PROJECTION_MISMATCH entry:2'],
    ],
    ['a cut tail', 'delete from ledger_entry where org_id = $org and seq >= 5', ['HEAD_MISMATCH head', 'ORPHAN_BODY body:5 x2']],
    [
      'a cut tail with the count put right',
      'with cut as (delete from ledger_entry where org_id = $org and seq = 6) update ledger_head set next_seq = 6 where org_id = $org',
      ['HEAD_MISMATCH head', 'ORPHAN_BODY body:6'],
    ],
    ['a changed head', "update ledger_head set head = sha256('x') where org_id = $org", ['HEAD_MISMATCH head']],
    ['a head of another time', "update ledger_head set last_at = last_at + interval '1 s' where org_id = $org", ['HEAD_MISMATCH head']],
    ['a head that speaks of a checkpoint', 'update ledger_head set checkpoint_size = 3 where org_id = $org', ['HEAD_MISMATCH head']],
    [
      'an entry behind the head',
      'insert into ledger_entry select org_id, 9, kind, gen_random_uuid(), at, retain_days, body_hash, entry_hash from ledger_entry where org_id = $org and seq = 6',
      ['ENTRY_MISMATCH entry:9', 'GAP entry:7', 'HEAD_MISMATCH head', 'UNEXPLAINED_MISSING entry:9'],
    ],
    [
      'a body behind the head',
      'insert into audit_records select org_id, 9, retention, at, record_id, body, type, actor, target from audit_records where org_id = $org and seq = 2',
      ['ORPHAN_BODY body:9'],
    ],
    ['a tile that nothing signed reaches', "insert into ledger_tile values ($org, 0, 0, sha256('x'))", ['TILE_MISMATCH tile:0/0']],
    [
      'a checkpoint that nobody signed',
      "insert into ledger_checkpoint values ($org, 1, 3, sha256('x'), 'note', now())",
      ['BAD_PROOF deployment', 'BAD_SIGNATURE checkpoint:1', 'HEAD_MISMATCH head'],
    ],
  ])('%s is found, exactly', async (_, statement, findings) => {
    await tamper(statement);
    expect(await codes()).toEqual(findings);
  });

  test('two entries swapped are found where the chain breaks', async () => {
    await tamper('update ledger_entry set seq = case seq when 2 then 103 else 102 end where org_id = $org and seq in (2, 3)');
    await tamper('update ledger_entry set seq = seq - 100 where org_id = $org and seq > 100');
    expect(await codes()).toEqual(['BODY_MISMATCH entry:2 x2', 'ENTRY_MISMATCH entry:2 x3', 'PROJECTION_MISMATCH entry:2 x2']);
  });

  test('entries appended while it runs are left alone', async () => {
    const appending = appendRecords(
      sql,
      Array.from({ length: 200 }, (_, at) => auditRecord(org, `later-${at}`)),
    );
    const { findings } = await verifyLedger(sql, org);
    await appending;
    expect(findings).toEqual([]);
  });

  test('a ledger of more than one page is read whole, with progress to its end', async () => {
    await appendRecords(
      sql,
      Array.from({ length: 2_100 }, (_, at) => auditRecord(org, `many-${at}`)),
    );
    const progress: number[] = [];
    expect(await verifyLedger(sql, org, (done) => progress.push(done))).toMatchObject({ entries: 2_107, findings: [] });
    expect(progress).toEqual([2_000, 2_107]);
  });

  test('it is ended by whoever is told of its progress', async () => {
    const stop = (): void => {
      throw new Error('enough');
    };
    await expect(verifyLedger(sql, org, stop)).rejects.toThrow('enough');
  });

  test('an organisation that does not exist has no ledger', async () => {
    await expect(verifyLedger(sql, '00000000-0000-4000-8000-000000000000')).rejects.toThrow('no ledger');
  });
});
