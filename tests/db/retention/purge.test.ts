import { appendRecords } from '../../../db/queries/ledger.ts';
import { settleDecisions } from '../../../db/queries/settle.ts';
import { addOrganization, auditRecord, settleItem } from '../../support/ledger-records.ts';
import { openRetentionStage, readLedger, type RetentionStage, standing, unexplained } from '../../support/purged-ledger.ts';

let stage: RetentionStage;
beforeEach(async () => {
  stage = await openRetentionStage();
});
afterEach(() => stage.stop());

const range = (from: number, until: number): number[] => Array.from({ length: until - from }, (_, index) => from + index);
const ledger = (orgId: string) => readLedger(stage.admin, orgId);
const leaves = async (): Promise<string[]> =>
  (await stage.admin<{ leaf: string }[]>`select distinct tableoid::regclass::text as leaf from audit_records order by 1`).map(({ leaf }) => leaf);
const receipts = (orgId: string) =>
  stage.admin`select status, total, done, pruned_entries as "prunedEntries", entry_seq as "entrySeq" from purge_run where org_id = ${orgId} order by started_at, id`;

describe('bodies', () => {
  test('of every class go when their days are over, and not before', async () => {
    const [week, quarter, seven] = [
      await addOrganization(stage.sql, { retentionDays: 7 }),
      await addOrganization(stage.sql, { retentionDays: 90 }),
      await addOrganization(stage.sql, { retentionDays: 2555 }),
    ];
    for (const org of [week, quarter, seven]) await stage.append(org, 4);
    await stage.pass(6);
    expect(await stage.purge()).toMatchObject({ total: 0, done: 0, finished: 0 });
    await stage.pass(1);
    expect(await stage.purge()).toMatchObject({ done: 5, finished: 1, unsigned: 0, failed: 0 });
    expect([standing(await ledger(week)), standing(await ledger(quarter)).length]).toEqual([[5], 5]);
    await stage.pass(83);
    await stage.purge();
    // The entry of the first purge was due as well: the new one stands in its place.
    expect([standing(await ledger(week)), standing(await ledger(quarter)), standing(await ledger(seven)).length]).toEqual([[6], [5], 5]);
    await stage.pass(2465);
    await stage.purge();
    expect([standing(await ledger(week)), standing(await ledger(quarter)), standing(await ledger(seven))]).toEqual([[7], [6], [5]]);
    for (const org of [week, quarter, seven]) expect(await unexplained(stage.admin, org)).toEqual([]);
  });

  test('go with an entry before them that says how many, of what, from which to which, and by which checkpoint', async () => {
    const org = await addOrganization(stage.sql, { retentionDays: 7 });
    const violation = {
      id: '00000000-0000-4000-8000-000000000001',
      body: '{}',
      fields: { eventId: 'e1', agentId: 'a', value: 'BLOCK', ruleId: null, detectors: [] },
    };
    await settleDecisions(stage.sql, [settleItem(org, 'e1', { violations: [violation] }), settleItem(org, 'e2')]);
    await stage.pass(8);
    const asOf = await stage.clock.now();
    const { runId } = await stage.purge();
    const { entries, statement } = await ledger(org);
    expect(statement).toMatchObject({
      seq: 4,
      reason: 'retention',
      upTo: 4,
      counts: { agentEvents: 2, hitlDecisions: 0, auditRecords: 1, policyViolations: 1 },
      firstSeq: 0,
      lastSeq: 3,
      checkpointSize: 4,
      extended: [],
      reduced: null,
      held: [],
      earlier: [],
      minIndex: 0,
      anchorHash: null,
    });
    expect(statement?.purgedAtMs).toBeGreaterThanOrEqual(asOf);
    const [ends] = await stage.admin`
      select encode(a.entry_hash, 'hex') as "firstHash", encode(z.entry_hash, 'hex') as "lastHash" from ledger_entry a, ledger_entry z
      where a.org_id = ${org} and z.org_id = ${org} and a.seq = 0 and z.seq = 3`;
    expect(statement).toMatchObject(ends as object);
    expect(entries.map(({ hasBody }) => hasBody)).toEqual([false, false, false, false, true]);
    expect(await receipts(org)).toEqual([{ status: 'finished', total: 4, done: 4, prunedEntries: 0, entrySeq: 4 }]);
    const [entry] = await stage.admin<{ body: string }[]>`select body from audit_records where org_id = ${org} and seq = 4`;
    expect(JSON.parse(entry?.body ?? '')).toMatchObject({ v: 1, type: 'ledger.purged', actor: 'system', target: null, requestId: runId });
  });

  test('go with their whole partition where nothing in it has to stay', async () => {
    const orgs = [await addOrganization(stage.sql, { retentionDays: 7 }), await addOrganization(stage.sql, { retentionDays: 7 })];
    for (const org of orgs) await stage.append(org, 150);
    await stage.pass(9);
    const [before] = await leaves();
    const { done, leaves: dropped } = await stage.purge();
    expect([done, dropped > 0]).toEqual([302, true]);
    expect(await stage.admin`select to_regclass(${before ?? ''}) as leaf`).toEqual([{ leaf: null }]);
    for (const org of orgs) {
      expect(await unexplained(stage.admin, org)).toEqual([]);
      expect(await receipts(org)).toMatchObject([{ status: 'finished', total: 151, done: 151 }]);
    }
  });

  test('that no partition was ready for go one by one', async () => {
    const org = await addOrganization(stage.sql, { retentionDays: 7 });
    await stage.clock.advance(20);
    await stage.append(org, 7);
    expect((await ledger(org)).entries.filter(({ isDefault }) => isDefault)).toHaveLength(7);
    await stage.pass(8);
    expect(await stage.purge({ batchSize: 3 })).toMatchObject({ done: 8 });
    expect(standing(await ledger(org))).toEqual([8]);
    expect(await unexplained(stage.admin, org)).toEqual([]);
  });

  test('stay while no checkpoint covers them, and the run says so', async () => {
    const org = await addOrganization(stage.sql, { retentionDays: 7 });
    await stage.append(org, 3);
    await stage.clock.advance(8);
    expect(await stage.purge()).toMatchObject({ done: 0, unsigned: 1, finished: 0 });
    expect(await receipts(org)).toEqual([{ status: 'unsigned', total: 4, done: 0, prunedEntries: 0, entrySeq: null }]);
    expect((await ledger(org)).statement).toBeNull();
    await stage.sign();
    expect(await stage.purge()).toMatchObject({ done: 4, unsigned: 0, finished: 1 });
  });

  test('behind the newest checkpoint stay, those below it go', async () => {
    const org = await addOrganization(stage.sql, { retentionDays: 7 });
    await stage.append(org, 3);
    await stage.sign();
    await stage.append(org, 5);
    await stage.clock.advance(8);
    expect(await stage.purge()).toMatchObject({ done: 4 });
    expect((await ledger(org)).statement).toMatchObject({ upTo: 4, checkpointSize: 4 });
    expect(standing(await ledger(org))).toEqual(range(4, 10));
  });

  test('of the purge entry stay until a newer one stands', async () => {
    const org = await addOrganization(stage.sql, { retentionDays: 7 });
    for (let week = 0; week < 4; week += 1) {
      await stage.pass(8);
      await stage.purge();
      const { statement, entries } = await ledger(org);
      expect(statement?.seq).toBe(entries.length - 1);
      expect(standing({ entries, statement })).toEqual([entries.length - 1]);
      expect(await unexplained(stage.admin, org)).toEqual([]);
    }
  });

  test('go while others are appended, and nothing that is new goes with them', async () => {
    const org = await addOrganization(stage.sql, { retentionDays: 7 });
    await stage.append(org, 600);
    await stage.pass(8);
    const stopping = new AbortController();
    const writer = async (name: number): Promise<void> => {
      for (let at = 0; !stopping.signal.aborted; at += 1) await appendRecords(stage.sql, [auditRecord(org, `new-${name}-${at}`)]);
    };
    const writers = [writer(1), writer(2)];
    await stage.purge({ batchSize: 20 });
    stopping.abort();
    await Promise.all(writers);
    const { entries, statement } = await ledger(org);
    expect(standing({ entries, statement })).toEqual(range(601, entries.length));
    expect(await unexplained(stage.admin, org)).toEqual([]);
  });

  test('of an event that somebody is asked about stay until that is decided', async () => {
    const org = await addOrganization(stage.sql, { retentionDays: 7 });
    await settleDecisions(stage.sql, [settleItem(org, 'asked'), settleItem(org, 'other')]);
    await stage.admin`
      insert into review (org_id, id, event_id, agent_id, action, risk_score, status, action_digest, plan, state, summary, created_at, expires_at)
      values (${org}, 'rev_1', 'asked', 'agent-1', 'send_mail', 0, 'pending', '', '{}', '{}', '{}', now(), now() + interval '30 days')`;
    await stage.pass(8);
    await stage.purge();
    expect(standing(await ledger(org))).toEqual([1, 3]);
    await stage.admin`update review set status = 'approved' where org_id = ${org}`;
    await stage.pass(1);
    await stage.purge();
    expect(standing(await ledger(org))).toEqual([3, 4]);
    expect(await unexplained(stage.admin, org)).toEqual([]);
  });
});

describe('the spine', () => {
  const seqs = async (org: string): Promise<number[]> => (await ledger(org)).entries.map(({ seq }) => seq);

  test('is pruned at multiples of 256 below the checkpoint and below every body, and the next entry says so before it goes', async () => {
    const org = await addOrganization(stage.sql, { retentionDays: 7 });
    await stage.append(org, 600);
    await stage.pass(8);
    await stage.purge();
    expect([(await ledger(org)).statement?.minIndex, (await seqs(org))[0]]).toEqual([0, 0]);
    await stage.pass(8);
    const [anchor] = await stage.admin<{ hash: string }[]>`select encode(entry_hash, 'hex') as hash from ledger_entry where org_id = ${org} and seq = 511`;
    const { runId } = await stage.purge();
    const { statement } = await ledger(org);
    expect(statement).toMatchObject({ minIndex: 512, anchorHash: anchor?.hash });
    expect(await seqs(org)).toEqual(range(512, 603));
    expect(await stage.admin`select min_index, encode(anchor_hash, 'hex') as hash, entry_seq from ledger_prune where org_id = ${org}`).toEqual([
      { min_index: 512, hash: anchor?.hash, entry_seq: 602 },
    ]);
    expect(await stage.admin`select pruned_entries from purge_run where org_id = ${org} and id = ${runId}`).toEqual([{ pruned_entries: 512 }]);
    expect(await stage.admin`select idx from ledger_tile where org_id = ${org} and level = 0 order by 1`).toEqual([{ idx: 0 }, { idx: 1 }]);
    // The account is carried on when the anchor itself is long gone.
    await stage.pass(8);
    await stage.purge();
    expect((await ledger(org)).statement).toMatchObject({ minIndex: 512, anchorHash: anchor?.hash });
    expect(await unexplained(stage.admin, org)).toEqual([]);
  });

  test('stays below a body that stays', async () => {
    const org = await addOrganization(stage.sql, { retentionDays: 7 });
    await stage.append(org, 299);
    await stage.admin`update organization set retention_days = 90 where org_id = ${org}`;
    await stage.append(org, 1);
    await stage.admin`update organization set retention_days = 7 where org_id = ${org}`;
    await stage.append(org, 400);
    for (let week = 0; week < 3; week += 1) {
      await stage.pass(8);
      await stage.purge();
    }
    expect(standing(await ledger(org))).toEqual([300, 703]);
    expect([(await ledger(org)).statement?.minIndex, (await seqs(org))[0]]).toEqual([256, 256]);
  });
});
