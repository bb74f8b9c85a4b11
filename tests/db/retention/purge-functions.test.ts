import { purgeDetails, type PurgeDetails } from '../../../core/ledger/purge-details.ts';
import { placeHold } from '../../../db/queries/holds.ts';
import { dropLeaf, listOldLeaves, purgeBodies, purgeSpine, purgeStatistics, recordPurge } from '../../../db/queries/purge.ts';
import { addOrganization, auditOf } from '../../support/ledger-records.ts';
import { openRetentionStage, readLedger, type RetentionStage, standing } from '../../support/purged-ledger.ts';

// The purge's own role, doing what it should not: a worker that was taken over, or has a fault.
let stage: RetentionStage;
let org: string;
beforeEach(async () => {
  stage = await openRetentionStage();
  org = await addOrganization(stage.sql, { retentionDays: 7 });
  await stage.append(org, 300);
  await stage.pass(8);
});
afterEach(() => stage.stop());

const fields = { type: 'ledger.purged', actor: 'system', target: null };
const detailsNow = async (): Promise<{ details: PurgeDetails; version: number }> => {
  const statistics = await purgeStatistics(stage.purgeSql, org);
  const details = statistics && purgeDetails(statistics);
  if (statistics === undefined || details === null || details === undefined) throw new Error('nothing is due');
  return { details, version: statistics.version };
};
let counter = 0;
const state = (details: object, version: number, changes: object = {}) =>
  recordPurge(stage.purgeSql, {
    orgId: org,
    runId: 'prg_1',
    version,
    recordId: `00000000-0000-5000-8000-${String((counter += 1)).padStart(12, '0')}`,
    body: JSON.stringify({ ...fields, ...changes, details }),
    fields,
  });

test.each<[string, (details: PurgeDetails) => object]>([
  ['rules that are not in force', (details) => ({ ...details, extended: [{ beforeSeq: 1, days: 90 }] })],
  ['a reduction that nobody announced', (details) => ({ ...details, reduced: { beforeSeq: 300, days: 0, noticeAt: 0, effectiveAt: details.asOf } })],
  ['a hold that nobody placed', (details) => ({ ...details, held: [{ id: 'hld_1', from: null, until: null }] })],
  ['entries beyond the checkpoint', (details) => ({ ...details, upTo: 302 })],
  ['no end', (details) => ({ ...details, upTo: undefined })],
  ['the future', (details) => ({ ...details, asOf: details.asOf + 86_400_000 })],
  ['a spine with bodies', (details) => ({ ...details, minIndex: 256, anchorHash: details.firstHash })],
  ['a spine that is negative', (details) => ({ ...details, minIndex: -256 })],
  ['no spine', (details) => ({ ...details, minIndex: undefined })],
  ['an anchor of nothing', (details) => ({ ...details, anchorHash: details.firstHash })],
  ['an earlier purge that never was', (details) => ({ ...details, earlier: [{ at: details.asOf, upTo: 300, extended: [], reduced: null, held: [] }] })],
])('a purge entry that states %s is refused, and nothing is recorded', async (_, spoil) => {
  const { details, version } = await detailsNow();
  await expect(state(spoil(details), version)).rejects.toMatchObject({ code: '23514' });
  expect((await readLedger(stage.admin, org)).statement).toBeNull();
});

test('another record than a purge entry is refused', async () => {
  const { details, version } = await detailsNow();
  await expect(state(details, version, { type: 'key.created' })).rejects.toMatchObject({ code: '23514' });
});

test('an earlier account that was rewritten is refused', async () => {
  const first = await detailsNow();
  await state(first.details, first.version);
  while ((await purgeBodies(stage.purgeSql, { orgId: org, runId: 'prg_1', limit: 1_000 })).deleted > 0);
  await stage.pass(8);
  const { details, version } = await detailsNow();
  await expect(state({ ...details, earlier: [{ at: 0, upTo: 300, extended: [], reduced: null, held: [] }] }, version)).rejects.toMatchObject({ code: '23514' });
  await expect(state({ ...details, upTo: 10 }, version)).rejects.toMatchObject({ code: '23514' });
  await expect(state({ ...details, minIndex: 256, anchorHash: 'ab'.repeat(32) }, version)).rejects.toMatchObject({ code: '23514' });
  expect(await state({ ...details, minIndex: 256 }, version)).toBe('recorded');
});

test('an earlier account is kept with its number and all its rules, or not at all', async () => {
  const seqs: number[] = [];
  for (const at of ['1970-01-01T00:00:00.001Z', '1970-01-01T00:00:00.002Z', '1970-01-01T00:00:00.003Z']) {
    await placeHold(stage.sql, { orgId: org, holdId: `hld_${at}`, reason: 'x', from: at, until: at, placedBy: 'system', audit: auditOf('hold.placed') });
    await stage.append(org, 1);
    await stage.pass(8);
    if (seqs.length === 2) break;
    const { details, version } = await detailsNow();
    expect(await state(details, version)).toBe('recorded');
    seqs.push((await readLedger(stage.admin, org)).statement?.seq ?? 0);
  }
  const { details, version } = await detailsNow();
  const [first, second] = details.earlier ?? [];
  if (first === undefined || second === undefined) throw new Error('nothing was kept');
  expect([first, second].map(({ seq, held }) => [seq, held.length])).toEqual([
    [seqs[0], 1],
    [seqs[1], 2],
  ]);
  const { seq: _, ...unnamed } = first;
  for (const other of [{ ...first, held: [] }, { ...first, seq: seqs[1] }, unnamed, { ...second, held: first.held }, { ...second, seq: seqs[0] }]) {
    await expect(state({ ...details, earlier: [other] }, version)).rejects.toMatchObject({ code: '23514' });
  }
  expect(await state(details, version)).toBe('recorded');
});

test('nothing is deleted without an entry, whatever is called', async () => {
  await expect(purgeBodies(stage.purgeSql, { orgId: org, runId: 'prg_1', limit: 1_000 })).resolves.toEqual({ status: 'ended', deleted: 0 });
  expect(await purgeSpine(stage.purgeSql, { orgId: org, runId: 'prg_1', limit: 1_000 })).toBe(0);
  for (const leaf of await listOldLeaves(stage.purgeSql)) await dropLeaf(stage.purgeSql, { runId: 'prg_1', leaf });
  const after = await readLedger(stage.admin, org);
  expect([standing(after).length, after.entries.length]).toEqual([301, 301]);
});

test('nothing but a partition of bodies is dropped', async () => {
  for (const leaf of [
    'organization',
    'agent_events',
    'agent_events_r7',
    'audit_records_r7_default',
    'ledger_entry',
    'no_such_table',
    "x'; drop table organization; --",
  ])
    expect(await dropLeaf(stage.purgeSql, { runId: 'prg_1', leaf })).toBeNull();
  expect(await stage.admin`select to_regclass('organization') is not null and to_regclass('audit_records_r7_default') is not null as ok`).toEqual([
    { ok: true },
  ]);
});

test('a partition of the present is not dropped', async () => {
  const [now] = await stage.admin<{ leaf: string }[]>`
    select c.oid::regclass::text as leaf from pg_class c where c.relispartition and c.relname = 'audit_records_r7_' || to_char(ledger_now() at time zone 'UTC', 'YYYYMMDD')`;
  expect(now).toBeDefined();
  expect(await dropLeaf(stage.purgeSql, { runId: 'prg_1', leaf: now?.leaf ?? '' })).toBeNull();
});

test('a partition that somebody reads is not waited for', async () => {
  const { details, version } = await detailsNow();
  await state(details, version);
  const [leaf] = (await stage.admin<{ leaf: string }[]>`select tableoid::regclass::text as leaf from audit_records where org_id = ${org} limit 1`).map(
    (row) => row.leaf,
  );
  let release = (): void => undefined;
  let reading: Promise<unknown> = Promise.resolve();
  await new Promise<void>((begun) => {
    reading = stage.admin.begin(async (tx) => {
      await tx`select count(*) from audit_records`;
      begun();
      await new Promise<void>((resolve) => {
        release = resolve;
      });
    });
  });
  await expect(dropLeaf(stage.purgeSql, { runId: 'prg_1', leaf: leaf ?? '' })).rejects.toMatchObject({ code: '55P03' });
  release();
  await reading;
  expect(await dropLeaf(stage.purgeSql, { runId: 'prg_1', leaf: leaf ?? '' })).toBe(301);
});

test('the role of the purge reads and writes no table', async () => {
  for (const statement of [
    'select 1 from agent_events',
    'delete from agent_events',
    'select 1 from ledger_prune',
    'update purge_run set done = 0',
    'select 1 from organization',
  ])
    await expect(stage.purgeSql.unsafe(statement)).rejects.toMatchObject({ code: '42501' });
  await expect(stage.purgeSql`select ledger_append('{}', '{}', '{}', '{}', '{}')`).rejects.toMatchObject({ code: '42501' });
});
