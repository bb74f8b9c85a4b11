import { randomUUID } from 'node:crypto';
import { purgeDetails } from '../../../core/ledger/purge-details.ts';
import { heldRanges, placeHold, releaseHold } from '../../../db/queries/holds.ts';
import { purgeBodies, purgeStatistics, recordPurge } from '../../../db/queries/purge.ts';
import { addOrganization, auditOf } from '../../support/ledger-records.ts';
import { openRetentionStage, readLedger, type RetentionStage, standing, unexplained } from '../../support/purged-ledger.ts';

let stage: RetentionStage;
beforeEach(async () => {
  stage = await openRetentionStage();
});
afterEach(() => stage.stop());

const hold = async (orgId: string, from: number | null = null, until: number | null = null): Promise<string> => {
  const holdId = `hld_${randomUUID()}`;
  const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
  await placeHold(stage.sql, { orgId, holdId, reason: 'case 12', from: iso(from), until: iso(until), placedBy: 'system', audit: auditOf('hold.placed') });
  return holdId;
};
const release = (orgId: string, holdId: string): Promise<boolean> =>
  releaseHold(stage.sql, { orgId, holdId, releasedBy: 'system', audit: auditOf('hold.released') });
const ledger = (orgId: string) => readLedger(stage.admin, orgId);
const weekly = () => addOrganization(stage.sql, { retentionDays: 7 });

test('what was recorded in a held time stays, what was recorded beside it goes, and its entry names the hold', async () => {
  const org = await weekly();
  const times: number[] = [];
  for (let day = 0; day < 3; day += 1) {
    await stage.pass(1);
    await stage.append(org, 2);
    times.push((await ledger(org)).entries.at(-1)?.atMs ?? 0);
  }
  const [, second = 0] = times;
  const holdId = await hold(org, second, second);
  await stage.pass(8);
  await stage.purge();
  const { entries, statement } = await ledger(org);
  const held = entries.filter(({ atMs }) => atMs === second).map(({ seq }) => seq);
  expect(held.length).toBeGreaterThan(0);
  expect(standing({ entries, statement })).toEqual([...held, entries.length - 1]);
  expect(statement?.held).toEqual([{ id: holdId, from: second, until: second }]);
  expect(await unexplained(stage.admin, org)).toEqual([]);
});

test('a hold that is released lets go what was due meanwhile', async () => {
  const org = await weekly();
  await stage.append(org, 5);
  const holdId = await hold(org);
  await stage.pass(100);
  expect(await stage.purge()).toMatchObject({ total: 0, done: 0 });
  expect(await release(org, holdId)).toBe(true);
  expect(await release(org, holdId)).toBe(false);
  await stage.sign();
  expect(await stage.purge()).toMatchObject({ done: 7 });
  expect(await unexplained(stage.admin, org)).toEqual([]);
});

test('a hold on a time of which something is gone already keeps the rest, and what is gone stays explained', async () => {
  const org = await weekly();
  await stage.append(org, 3);
  await stage.pass(8);
  await stage.purge();
  await stage.append(org, 3);
  const holdId = await hold(org, null, await stage.clock.now());
  await stage.append(org, 1);
  await stage.pass(8);
  await stage.purge();
  const { statement } = await ledger(org);
  expect(statement).toMatchObject({ held: [{ id: holdId }], earlier: [{ upTo: 4, held: [] }] });
  expect(await unexplained(stage.admin, org)).toEqual([]);
  await release(org, holdId);
  await stage.pass(8);
  await stage.purge();
  // One account explains it all again.
  expect((await ledger(org)).statement).toMatchObject({ held: [], earlier: [] });
  expect(await unexplained(stage.admin, org)).toEqual([]);
});

test('two organisations share partitions: those of the held one stay, the other one’s go', async () => {
  const [held, free] = [await weekly(), await weekly()];
  for (const org of [held, free]) await stage.append(org, 40);
  const holdId = await hold(held);
  await stage.pass(8);
  expect(await stage.purge({ batchSize: 7 })).toMatchObject({ done: 41 });
  expect([standing(await ledger(held)).length, standing(await ledger(free))]).toEqual([42, [41]]);
  await release(held, holdId);
  await stage.sign();
  const { done, leaves } = await stage.purge();
  expect([done, leaves > 0]).toEqual([42, true]);
  for (const org of [held, free]) expect(await unexplained(stage.admin, org)).toEqual([]);
});

describe('a hold that comes between', () => {
  const prepared = async () => {
    const org = await weekly();
    await stage.append(org, 9);
    await stage.pass(8);
    const runId = 'prg_1';
    const statistics = await purgeStatistics(stage.purgeSql, org);
    if (statistics === undefined) throw new Error('no ledger');
    const fields = { type: 'ledger.purged', actor: 'system', target: null };
    const body = JSON.stringify({ ...fields, details: purgeDetails(statistics) });
    const record = () =>
      recordPurge(stage.purgeSql, { orgId: org, runId, version: statistics.version, recordId: '00000000-0000-5000-8000-000000000001', body, fields });
    return { org, runId, record };
  };

  test('the count and the entry makes the entry be made anew', async () => {
    const { org, record } = await prepared();
    await hold(org);
    expect(await record()).toBe('stale');
    expect((await ledger(org)).statement).toBeNull();
    expect(await stage.purge()).toMatchObject({ total: 0, done: 0 });
  });

  test('the entry and the deletion stops the deletion: another entry comes first', async () => {
    const { org, runId, record } = await prepared();
    expect(await record()).toBe('recorded');
    expect(await record()).toBe('exists');
    expect(await purgeBodies(stage.purgeSql, { orgId: org, runId, limit: 4 })).toEqual({ status: 'more', deleted: 4 });
    await hold(org, (await ledger(org)).entries[5]?.atMs ?? 0);
    expect(await purgeBodies(stage.purgeSql, { orgId: org, runId, limit: 4 })).toEqual({ status: 'stale', deleted: 0 });
    const before = standing(await ledger(org));
    await stage.purge();
    expect(standing(await ledger(org)).slice(0, before.length)).toEqual(before);
    expect(await unexplained(stage.admin, org)).toEqual([]);
  });

  test('two statements of the deletion waits for the first and stops the second', async () => {
    const { org, runId, record } = await prepared();
    await record();
    const results = await Promise.all([
      purgeBodies(stage.purgeSql, { orgId: org, runId, limit: 3 }),
      hold(org),
      purgeBodies(stage.purgeSql, { orgId: org, runId, limit: 3 }),
      purgeBodies(stage.purgeSql, { orgId: org, runId, limit: 3 }),
    ]);
    const gone = (await ledger(org)).entries.filter(({ hasBody }) => !hasBody).length;
    expect(gone).toBe(results.reduce((sum, result) => sum + (typeof result === 'string' ? 0 : result.deleted), 0));
    expect(await purgeBodies(stage.purgeSql, { orgId: org, runId, limit: 3 })).toEqual({ status: 'stale', deleted: 0 });
    await stage.purge();
    expect((await ledger(org)).entries.filter(({ hasBody }) => !hasBody)).toHaveLength(gone);
    expect(await unexplained(stage.admin, org)).toEqual([]);
  });
});

test('ranges in force are told in milliseconds, those of another organisation and released ones are not', async () => {
  const [org, other] = [await weekly(), await weekly()];
  const first = await hold(org, 1_000, null);
  const second = await hold(org, null, 2_000);
  await hold(other);
  expect((await heldRanges(stage.sql, org)).toSorted((a, b) => Number(a.from) - Number(b.from))).toEqual([
    { id: second, from: null, until: 2_000 },
    { id: first, from: 1_000, until: null },
  ]);
  await release(org, first);
  expect(await heldRanges(stage.sql, org)).toEqual([{ id: second, from: null, until: 2_000 }]);
});
