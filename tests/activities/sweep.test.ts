import { actionDigest } from '../../core/decision/action-digest.ts';
import type { LadderState } from '../../core/hitl/ladder-state.ts';
import type { Sql } from '../../db/client.ts';
import { putAgent, setAgentStatus } from '../../db/queries/agents.ts';
import { revokeKey } from '../../db/queries/keys.ts';
import type { ReviewSummary } from '../../db/queries/review-steps.ts';
import type { ReviewRow } from '../../db/queries/reviews.ts';
import { activatePolicy } from '../../db/queries/policies.ts';
import { liftStop, stopAgents } from '../../db/queries/stops.ts';
import { cancelSweep, findSweep, sweepIdOf } from '../../db/queries/sweeps.ts';
import { verifyLedger } from '../../db/verify-ledger.ts';
import type { GovernanceEvent } from '../../schemas/event.ts';
import type { PolicyRule } from '../../schemas/policy.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { addKey } from '../support/keys.ts';
import { auditOf, sha256Hex } from '../support/ledger-records.ts';
import { parkReviews, ruleOf, TWO_OF_US } from '../support/parked-reviews.ts';

let database: TestDatabase;
let sql: Sql;
let house: Awaited<ReturnType<typeof parkReviews>>;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.appSql;
});
beforeEach(async () => {
  house = await parkReviews(sql);
});
afterAll(() => database.drop());

const stateOf = ({ state }: ReviewRow): LadderState => JSON.parse(state) as LadderState;
const summaryOf = ({ summary }: ReviewRow): ReviewSummary => JSON.parse(summary) as ReviewSummary;
const steps = async (reviewId: string): Promise<string[]> => (await house.recorded(reviewId)).map(({ step }) => step);
const call = { tool: { name: 'pay', args: { amount: 5 }, labels: {} } };

describe('a policy that is activated while a review waits', () => {
  test.each([
    ['allow', 'released'],
    ['alert', 'released'],
    ['block', 'refused'],
  ] as const)('and now says %s ends it: %s, by the sweep, with the reason on record', async (effect, status) => {
    const id = await house.park();
    const audit = await house.activate(ruleOf(effect));
    expect(await house.sweep(audit)).toEqual({ status: 'finished', total: 1, done: 1, next: null });
    const row = await house.read(id);
    expect(row).toMatchObject({ status, settledBy: sweepIdOf(audit), dueAt: null });
    expect(summaryOf(row)).toMatchObject({ policy: { version: 'pol_2@1', ruleId: 'pay' }, requester: 'key:asker' });
    expect(await house.recorded(id)).toMatchObject([{ step: 'revise', actor: 'system', status, reason: `the policy was changed: payments: ${effect}` }]);
    expect(row.approvalExpiresAt === null).toBe(status === 'refused');
  });

  test('and releases it covers the action under the new policy, so that the approval fits', async () => {
    const event = { id: 'e', agentId: 'treasury', action: 'pay', ...call } as GovernanceEvent;
    const id = await house.park(event);
    await house.sweep(await house.activate(ruleOf('allow')));
    expect((await house.read(id)).actionDigest).toBe(actionDigest(event, 'pol_2@1', sha256Hex));
  });

  test('and still wants people asks them again: new plan, new digest, first level, votes void', async () => {
    const id = await house.park();
    await house.vote(id, 'ann');
    const before = await house.read(id);
    const plan = { levels: [{ reviewers: { roles: ['Reviewer'] as ['Reviewer'] }, withinMs: 60_000 }] };
    await house.sweep(await house.activate(ruleOf('hitl', { review: plan })));
    const after = await house.read(id);
    expect(after).toMatchObject({ status: 'pending', settledBy: null });
    expect(after.actionDigest).not.toBe(before.actionDigest);
    expect(stateOf(after)).toMatchObject({ level: 0, votes: [] });
    expect(JSON.parse(after.plan)).toMatchObject(plan);
    expect((after.dueAt as Date).getTime()).toBeLessThan(Date.now() + 60_001);
    expect((await house.recorded(id)).at(-1)).toMatchObject({ step: 'revise', voided: ['ann'], actionDigest: after.storedDigest, status: 'pending' });
    expect(stateOf(after).steps.at(-1)).toMatchObject({ digest: after.actionDigest });
    expect((await house.vote(id, 'ann')).position.status).toBe('approved');
  });

  test('again with the same version changes nothing that is recorded', async () => {
    const id = await house.park();
    await house.vote(id, 'ann');
    const { orgId } = house;
    const audit = auditOf('policy.activated');
    await activatePolicy(sql, { orgId, policyId: 'pol_1', version: 1, audit });
    expect(await house.sweep(audit)).toMatchObject({ status: 'finished', total: 1, done: 1 });
    expect(await steps(id)).toEqual(['approve']);
    expect(stateOf(await house.read(id)).votes).toHaveLength(1);
    expect(house.told).toEqual([]);
  });

  test('reaches every review of many pages once, and their runs are told', async () => {
    const ids = await Promise.all(Array.from({ length: 25 }, () => house.park()));
    const audit = await house.activate(ruleOf('block'));
    expect(await house.sweep(audit)).toEqual({ status: 'finished', total: 25, done: 25, next: null });
    for (const id of ids) expect(await steps(id)).toEqual(['revise']);
    expect(house.told.map(({ reviewId }) => reviewId).toSorted()).toEqual(ids.toSorted());
    expect((await verifyLedger(sql, house.orgId)).findings).toEqual([]);
  });

  test('leaves a review that was opened under it alone', async () => {
    const audit = await house.activate(ruleOf('hitl'));
    await house.park();
    expect(await findSweep(sql, { orgId: house.orgId, sweepId: sweepIdOf(audit) })).toMatchObject({ status: 'finished', total: 0 });
  });

  test('does not count the event, or the time it waited, against its session once more', async () => {
    await putAgent(sql, { orgId: house.orgId, agentId: 'treasury', profile: '{"limits":{"maxSteps":1}}', audit: auditOf('agent.profile-set') });
    const id = await house.park({ sessionId: 's' });
    await house.sweep(await house.activate({ rules: [], defaultEffect: 'allow' }));
    expect((await house.read(id)).status).toBe('released');
  });
});

describe('an event that is weighed again', () => {
  const reading = { sessionId: 's', tool: { name: 'pay', args: { amount: 5 }, labels: { reads: 'private' as const } } };
  const afterPrivate: PolicyRule = {
    id: 'private',
    priority: 20,
    when: { condition: 'session.private' },
    effect: 'block',
    reason: 'the session has read what is private',
  };

  test('is judged by what its session was before it, not by what it made of it', async () => {
    const [first, second] = [await house.park(reading), await house.park({ ...reading, tool: { ...reading.tool, args: { amount: 6 } } })];
    await house.sweep(await house.activate({ rules: [afterPrivate, ...ruleOf('hitl').rules] }));
    expect([(await house.read(first)).status, (await house.read(second)).status]).toEqual(['pending', 'refused']);
  });

  test('with the arguments that a reviewer gives it is no further step of its session', async () => {
    await putAgent(sql, { orgId: house.orgId, agentId: 'treasury', profile: '{"limits":{"maxSteps":1}}', audit: auditOf('agent.profile-set') });
    const id = await house.park(reading);
    expect(await house.vote(id, 'ann', { step: 'edit', args: { amount: 1 } })).toMatchObject({ kind: 'recorded' });
    await house.activate({ rules: [afterPrivate, ...ruleOf('hitl').rules] });
    expect(await house.vote(id, 'bob', { step: 'edit', args: { amount: 2 } })).toMatchObject({ kind: 'recorded' });
  });
});

describe('reviews that are asked through one', () => {
  test('are released and refused with it, each with its own record', async () => {
    const event = { sessionId: 's', ...call };
    const ids = [await house.park(event), await house.park(event), await house.park(event)];
    expect((await house.read(ids[1] ?? '')).joinedTo).toBe(ids[0]);
    const audit = await house.activate(ruleOf('block'));
    expect(await house.sweep(audit)).toMatchObject({ total: 3, done: 3 });
    for (const id of ids) {
      expect(await house.read(id)).toMatchObject({ status: 'refused', settledBy: sweepIdOf(audit) });
      expect(await steps(id)).toEqual(['revise']);
    }
  });

  test('go on together under the new plan, where one decision still ends them all', async () => {
    const event = { sessionId: 's', ...call };
    const [first, second] = [await house.park(event), await house.park(event)];
    await house.sweep(await house.activate(ruleOf('hitl', { reason: 'more care' })));
    const follower = await house.read(second);
    expect(follower).toMatchObject({ status: 'pending', joinedTo: first, actionDigest: (await house.read(first)).actionDigest });
    expect(summaryOf(follower).policy?.version).toBe('pol_2@1');
    await house.vote(first, 'ann');
    await house.vote(first, 'bob');
    expect([(await house.read(first)).status, (await house.read(second)).status]).toEqual(['approved', 'approved']);
  });

  test('part where the new policy tells them apart', async () => {
    const event = { sessionId: 's', ...call };
    const [first, second, third] = [await house.park(event), await house.park({ ...event, channel: 'system' }), await house.park(event)];
    await house.sweep(
      await house.activate({
        rules: [
          { id: 'sys', priority: 20, when: { condition: 'has(event.channel) && event.channel == "system"' }, effect: 'block', reason: 'no' },
          ...ruleOf('hitl').rules,
        ],
      }),
    );
    expect(await house.read(second)).toMatchObject({ status: 'refused', joinedTo: null });
    expect(await house.read(first)).toMatchObject({ status: 'pending', joined: [third] });
    // What ends now must not end the refused one again.
    await house.vote(first, 'ann');
    await house.vote(first, 'bob');
    expect([(await house.read(first)).status, (await house.read(second)).status, (await house.read(third)).status]).toEqual([
      'approved',
      'refused',
      'approved',
    ]);
  });

  test('of another key go on without it when the key that asked first is revoked', async () => {
    const event = { sessionId: 's', ...call };
    const keyId = await addKey(sql, house.orgId);
    const [first, second, third] = [await house.park(event, `key:${keyId}`), await house.park(event), await house.park(event)];
    await house.vote(first, 'ann');
    const audit = auditOf('key.revoked');
    await revokeKey(sql, { orgId: house.orgId, keyId, audit });
    await house.sweep(audit);
    expect(await house.read(first)).toMatchObject({ status: 'refused', joined: [] });
    expect(await house.read(second)).toMatchObject({ status: 'pending', joinedTo: null, joined: [third] });
    expect(await house.read(third)).toMatchObject({ status: 'pending', joinedTo: second });
    expect(stateOf(await house.read(second)).votes).toEqual([]);
    await house.vote(second, 'ann');
    await house.vote(second, 'bob');
    expect([(await house.read(first)).status, (await house.read(third)).status]).toEqual(['refused', 'approved']);
  });

  test('and were withdrawn by themselves stay so when the others are decided', async () => {
    const event = { sessionId: 's', ...call };
    const [first, second] = [await house.park(event), await house.park(event)];
    await house.withdraw(second);
    await house.vote(first, 'ann');
    await house.vote(first, 'bob');
    expect([(await house.read(first)).status, (await house.read(second)).status]).toEqual(['approved', 'withdrawn']);
    expect(await steps(second)).toEqual(['withdraw']);
  });
});

describe('a key that is revoked', () => {
  const revoke = async (keyId: string): Promise<void> => {
    const audit = auditOf('key.revoked');
    await revokeKey(sql, { orgId: house.orgId, keyId, audit });
    await house.sweep(audit);
  };

  test('takes its own requests with it, and nobody else’s', async () => {
    const keyId = await addKey(sql, house.orgId);
    const [own, other] = [await house.park({}, `key:${keyId}`), await house.park()];
    await revoke(keyId);
    expect((await house.recorded(own)).at(-1)).toMatchObject({ status: 'refused', reason: 'the key that asked was revoked' });
    expect((await house.read(other)).status).toBe('pending');
  });

  test('takes the votes that were cast with it, and no other vote', async () => {
    const keyId = await addKey(sql, house.orgId);
    const id = await house.park();
    await house.vote(id, 'ann', { via: `key:${keyId}` });
    await revoke(keyId);
    expect(stateOf(await house.read(id)).votes).toEqual([]);
    expect((await house.recorded(id)).at(-1)).toMatchObject({ step: 'void', voided: ['ann'], reason: 'the key that voted was revoked' });
    await house.vote(id, 'bob');
    await revoke(await addKey(sql, house.orgId));
    expect(stateOf(await house.read(id)).votes).toHaveLength(1);
  });

  test('takes the arguments that were put in place with it', async () => {
    const keyId = await addKey(sql, house.orgId);
    const id = await house.park(call);
    const before = await house.read(id);
    await house.vote(id, 'ann', { step: 'edit', args: { amount: 4 }, via: `key:${keyId}` });
    expect(stateOf(await house.read(id)).args).toEqual({ amount: 4 });
    await revoke(keyId);
    const after = await house.read(id);
    expect(after.actionDigest).toBe(before.actionDigest);
    expect(stateOf(after).args).toBeUndefined();
    expect(stateOf(after).votes).toEqual([]);
  });
});

describe('stops and profiles', () => {
  test('a stopped agent’s reviews are refused, another agent’s wait on', async () => {
    const [id, other] = [await house.park(), await house.park({ agentId: 'other' })];
    const audit = auditOf('agent.stopped');
    await setAgentStatus(sql, { orgId: house.orgId, agentId: 'treasury', status: 'stopped', reason: 'incident 12', audit });
    expect(await house.sweep(audit)).toMatchObject({ total: 1, done: 1 });
    expect((await house.recorded(id)).at(-1)).toMatchObject({ status: 'refused', reason: 'the agent was stopped: incident 12' });
    expect((await house.read(other)).status).toBe('pending');
  });

  test('what was parked is refused by the stop although a policy was activated since', async () => {
    const id = await house.park();
    const audit = auditOf('agents.stopped');
    const stop = { orgId: house.orgId, stopId: 'stp_1', agents: ['*'], reason: 'drill', stoppedBy: 'member:m', audit };
    await stopAgents(sql, stop);
    const later = await house.activate(ruleOf('allow'));
    await house.sweep(later);
    expect((await house.read(id)).status).toBe('pending');
    await house.sweep(audit);
    expect(await house.read(id)).toMatchObject({ status: 'refused', settledBy: sweepIdOf(audit) });
  });

  test('a stop of every agent blocks agents that nobody has seen, and only while it stands', async () => {
    const { orgId } = house;
    await stopAgents(sql, { orgId, stopId: 'stp_1', agents: ['*'], reason: 'drill', stoppedBy: 'member:m', audit: auditOf('agents.stopped') });
    expect(await house.decide({ agentId: 'brand-new', action: 'look' })).toMatchObject({ value: 'BLOCK', reasons: ['the agent is stopped: drill'] });
    await liftStop(sql, { orgId, stopId: 'stp_1', liftedBy: 'member:m', audit: auditOf('agents.stop-lifted') });
    expect(await house.decide({ agentId: 'brand-new', action: 'look' })).toMatchObject({ value: 'ALLOW' });
  });

  test('a stop of some agents blocks those at once and nobody else', async () => {
    const { orgId } = house;
    await house.decide({ action: 'look' });
    await stopAgents(sql, { orgId, stopId: 'stp_1', agents: ['treasury'], reason: 'drill', stoppedBy: 'member:m', audit: auditOf('agents.stopped') });
    expect((await house.decide({ action: 'look' })).value).toBe('BLOCK');
    expect((await house.decide({ action: 'look', agentId: 'other' })).value).toBe('ALLOW');
  });

  test('a new profile is weighed', async () => {
    const id = await house.park(call);
    const audit = auditOf('agent.profile-set');
    await putAgent(sql, { orgId: house.orgId, agentId: 'treasury', profile: '{"purpose":"refunds"}', audit });
    await house.sweep(audit);
    expect(await steps(id)).toEqual([]);
    expect((await house.read(id)).status).toBe('pending');
  });
});

describe('a sweep', () => {
  test('that is done twice, or by two at once, records every review once', async () => {
    const ids = await Promise.all(Array.from({ length: 15 }, () => house.park()));
    const audit = await house.activate(ruleOf('hitl', { review: { ...TWO_OF_US, twoPerson: true } }));
    await Promise.all([house.sweep(audit), house.sweep(audit), house.sweep(audit)]);
    await house.sweep(audit);
    for (const id of ids) expect(await steps(id)).toEqual(['revise']);
    expect(await findSweep(sql, { orgId: house.orgId, sweepId: sweepIdOf(audit) })).toMatchObject({ status: 'finished', total: 15, done: 15 });
  });

  test('that is cancelled leaves what it has not come to', async () => {
    const ids = await Promise.all(Array.from({ length: 15 }, () => house.park()));
    const audit = await house.activate(ruleOf('block'));
    const sweepId = sweepIdOf(audit);
    const page = await house.sweepPage({ orgId: house.orgId, sweepId });
    expect(page).toMatchObject({ status: 'running', done: 10, total: 15 });
    expect(await cancelSweep(sql, { orgId: house.orgId, sweepId, audit: auditOf('sweep.cancelled') })).toBe(true);
    expect(await house.sweepPage({ orgId: house.orgId, sweepId, after: page.next ?? undefined })).toMatchObject({ status: 'cancelled', done: 10, next: null });
    expect(await cancelSweep(sql, { orgId: house.orgId, sweepId, audit: auditOf('sweep.cancelled') })).toBe(false);
    const statuses = await Promise.all(ids.map(async (id) => (await house.read(id)).status));
    expect(statuses.filter((status) => status === 'pending')).toHaveLength(5);
  });

  test('and votes at once: each review ends once, by whichever was first', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => house.park()));
    for (const id of ids) await house.vote(id, 'ann');
    const audit = await house.activate(ruleOf('block'));
    const [votes] = await Promise.all([Promise.all(ids.map((id) => house.vote(id, 'bob'))), house.sweep(audit)]);
    for (const [index, id] of ids.entries()) {
      const { status } = await house.read(id);
      expect(status).toBe(votes[index]?.kind === 'recorded' ? 'approved' : 'refused');
      expect(await steps(id)).toEqual(['approve', status === 'approved' ? 'approve' : 'revise']);
    }
  });
});
