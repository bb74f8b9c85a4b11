import type { Sql } from '../../db/client.ts';
import { putAgent, setAgentStatus } from '../../db/queries/agents.ts';
import { revokeKey } from '../../db/queries/keys.ts';
import { listOverdueReviews, listRunningSweeps } from '../../db/queries/left-lying.ts';
import { activatePolicy } from '../../db/queries/policies.ts';
import { findStop, liftStop, listStops, stopAgents } from '../../db/queries/stops.ts';
import { cancelSweep, findSweep, listSwept, recordSwept, sweepIdOf } from '../../db/queries/sweeps.ts';
import { verifyLedger } from '../../db/verify-ledger.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../support/database.ts';
import { addKey } from '../support/keys.ts';
import { addOrganization, auditOf } from '../support/ledger-records.ts';
import { parkReviews } from '../support/parked-reviews.ts';

let database: TestDatabase;
let sql: Sql;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.appSql;
});
afterAll(() => database.drop());

const stopOf = (orgId: string, stopId = 'stp_1') => ({
  orgId,
  stopId,
  agents: ['*'],
  reason: 'drill',
  stoppedBy: 'member:m',
  audit: auditOf('agents.stopped'),
});

describe('a change', () => {
  test('leaves a sweep behind in its own commit, named after its audit record, with what it concerns', async () => {
    const { orgId, park } = await parkReviews(sql);
    const keyId = await addKey(sql, orgId);
    const reviewId = await parkReviewsOf(park, `key:${keyId}`);
    const [activated, stopped, put, revoked] = ['policy.activated', 'agent.stopped', 'agent.profile-set', 'key.revoked'].map(auditOf);
    if (activated === undefined || stopped === undefined || put === undefined || revoked === undefined) throw new Error('unreachable');
    await activatePolicy(sql, { orgId, policyId: 'pol_1', version: 1, audit: activated });
    await setAgentStatus(sql, { orgId, agentId: 'treasury', status: 'stopped', reason: 'x', audit: stopped });
    await putAgent(sql, { orgId, agentId: 'treasury', profile: '{}', audit: put });
    await revokeKey(sql, { orgId, keyId, audit: revoked });
    const causes = await Promise.all([activated, stopped, put, revoked].map((audit) => findSweep(sql, { orgId, sweepId: sweepIdOf(audit) })));
    expect(causes).toMatchObject([
      { status: 'running', total: 2, done: 0, cause: { kind: 'policy-activated', policy: 'pol_1@1' } },
      { status: 'running', total: 1, cause: { kind: 'agent-stopped', agentId: 'treasury', reason: 'x' } },
      { status: 'running', total: 1, cause: { kind: 'agent-changed', agentId: 'treasury' } },
      { status: 'running', total: 1, cause: { kind: 'key-revoked', keyId } },
    ]);
    const swept = await listSwept(sql, { orgId, sweepId: sweepIdOf(revoked), limit: 9 });
    expect(swept.map(({ id }) => id)).toEqual([reviewId]);
    const running = (await listRunningSweeps(sql, { limit: 100 })).filter((sweep) => sweep.orgId === orgId);
    expect(running.map(({ sweepId }) => sweepId)).toEqual([activated, stopped, put, revoked].map(sweepIdOf));
  });

  test('that was not made leaves none', async () => {
    const orgId = await addOrganization(sql);
    const audit = auditOf('agent.stopped');
    expect(await setAgentStatus(sql, { orgId, agentId: 'nobody', status: 'stopped', reason: 'x', audit })).toBe(false);
    expect(await findSweep(sql, { orgId, sweepId: sweepIdOf(audit) })).toBeUndefined();
  });

  test('with nobody waiting is done at once', async () => {
    const orgId = await addOrganization(sql);
    const stop = stopOf(orgId);
    await stopAgents(sql, stop);
    expect(await findStop(sql, stop)).toMatchObject({ sweepStatus: 'finished', total: 0, liftedAt: null });
  });
});

/** One of that requester, and one of another agent and requester. */
async function parkReviewsOf(park: Awaited<ReturnType<typeof parkReviews>>['park'], requester: string): Promise<string> {
  await park({ agentId: 'other' });
  return park({}, requester);
}

describe('stops', () => {
  test('are lifted once, and listed newest first', async () => {
    const orgId = await addOrganization(sql);
    for (const id of ['stp_a', 'stp_b', 'stp_c']) await stopAgents(sql, stopOf(orgId, id));
    const lift = () => liftStop(sql, { orgId, stopId: 'stp_b', liftedBy: 'member:m', audit: auditOf('agents.stop-lifted') });
    expect([await lift(), await lift()]).toEqual([true, false]);
    const listed = await listStops(sql, { orgId, beforeId: undefined, limit: 2 });
    expect(listed.map(({ id, liftedAt }) => [id, liftedAt !== null])).toEqual([
      ['stp_c', false],
      ['stp_b', true],
    ]);
    expect((await listStops(sql, { orgId, beforeId: 'stp_b', limit: 2 })).map(({ id }) => id)).toEqual(['stp_a']);
    expect((await verifyLedger(sql, orgId)).findings).toEqual([]);
  });

  test('and sweeps of another organisation are not there, and cannot be ended', async () => {
    const { orgId, park } = await parkReviews(sql);
    await park();
    const stop = stopOf(orgId);
    await stopAgents(sql, stop);
    const sweepId = sweepIdOf(stop.audit);
    const theirs = await addOrganization(sql);
    expect(await findStop(sql, { orgId: theirs, stopId: 'stp_1' })).toBeUndefined();
    expect(await findSweep(sql, { orgId: theirs, sweepId })).toBeUndefined();
    expect(await listSwept(sql, { orgId: theirs, sweepId, limit: 9 })).toEqual([]);
    expect(await liftStop(sql, { orgId: theirs, stopId: 'stp_1', liftedBy: 'x', audit: auditOf('agents.stop-lifted') })).toBe(false);
    expect(await cancelSweep(sql, { orgId: theirs, sweepId, audit: auditOf('sweep.cancelled') })).toBe(false);
    expect((await findSweep(sql, { orgId, sweepId }))?.status).toBe('running');
  });
});

describe('a page', () => {
  test('of a sweep that was ended records nothing', async () => {
    const { orgId, park } = await parkReviews(sql);
    const id = await park();
    const stop = stopOf(orgId);
    await stopAgents(sql, stop);
    const sweepId = sweepIdOf(stop.audit);
    await cancelSweep(sql, { orgId, sweepId, audit: auditOf('sweep.cancelled') });
    const same = [{ leader: id, id, version: 1, config_version: 9 }];
    expect(await recordSwept(sql, { orgId, sweepId, items: [], same })).toBeNull();
  });

  test('tells of a review that has moved since it was read', async () => {
    const { orgId, park } = await parkReviews(sql);
    const id = await park();
    const stop = stopOf(orgId);
    await stopAgents(sql, stop);
    const at = (version: number) =>
      recordSwept(sql, { orgId, sweepId: sweepIdOf(stop.audit), items: [], same: [{ leader: id, id, version, config_version: 9 }] });
    expect([...((await at(7)) ?? [])]).toEqual([[id, 'stale']]);
    expect([...((await at(1)) ?? [])]).toEqual([[id, 'recorded']]);
    expect([...((await at(1)) ?? [])]).toEqual([[id, 'stale']]);
    expect(await findSweep(sql, { orgId, sweepId: sweepIdOf(stop.audit) })).toMatchObject({ total: 1, done: 1 });
  });
});

test('reviews whose time is over are found across organisations, those asked through another one not', async () => {
  const [one, two] = [await parkReviews(sql), await parkReviews(sql)];
  const event = { sessionId: 's', tool: { name: 'pay', args: {}, labels: {} } };
  const ids = [await one.park(event), await two.park()];
  await one.park(event);
  const admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
  await admin`update review set due_at = now() - interval '1 minute' where org_id = any (${[one.orgId, two.orgId]}::uuid[])`;
  await admin.end();
  const overdue = await listOverdueReviews(sql, { before: new Date(Date.now() - 30_000), limit: 100 });
  expect(new Map(overdue.map(({ reviewId, orgId }) => [reviewId, orgId]))).toEqual(
    new Map([
      [ids[0], one.orgId],
      [ids[1], two.orgId],
    ]),
  );
  expect(await listOverdueReviews(sql, { before: new Date(Date.now() - 90_000), limit: 100 })).toEqual([]);
});
