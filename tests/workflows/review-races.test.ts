import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { GovernanceEvent } from '../../schemas/event.ts';
import { findReview } from '../../db/queries/reviews.ts';
import type { PolicySet } from '../../schemas/policy.ts';
import type { governEvent } from '../../workflows/govern-event.ts';
import { decisionUpdate, ladderQuery, reviewMovedSignal, reviewSignal, reviewUpdate } from '../../workflows/messages.ts';
import { openTestPool } from '../support/database.ts';
import { SHORT_LADDER } from '../support/policies.ts';
import { atRest, eventNames, seen } from './run-history.ts';
import { openStage, OWNER, type Stage, stepsOf, voteOf } from './stage.ts';
import { until } from '../support/until.ts';
import { whileBusy } from '../support/while-busy.ts';

const LEVEL_MS = 400;
/** Three levels: the first is over soon, the reviewer may decide them all. */
const RACE: PolicySet = {
  rules: [
    {
      id: 'races',
      priority: 100,
      when: { actions: ['race'] },
      effect: 'hitl',
      review: { levels: [LEVEL_MS, 600_000, 600_000].map((withinMs) => ({ reviewers: { roles: ['Reviewer'] }, withinMs })) },
      reason: 'a level that runs out while somebody votes',
    },
    ...SHORT_LADDER.rules,
  ],
};

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ policy: RACE });
});
afterAll(() => stage.stop());

interface OpenReview {
  handle: WorkflowHandle<typeof governEvent>;
  reviewId: string;
  eventId: string;
  dueAtMs: number;
}

/** A run that waits at its first level. */
async function openReview(action: string, more: Partial<GovernanceEvent> = {}): Promise<OpenReview> {
  const input = stage.inputOf({ ...more, action });
  const handle = await stage.start(input);
  const decision = await handle.executeUpdate(decisionUpdate, { args: [input.digest] });
  const position = await until(async () => (await handle.query(ladderQuery).catch(() => null)) ?? undefined);
  return { handle, reviewId: decision.review?.id ?? '', eventId: input.event.id, dueAtMs: position.dueAtMs ?? 0 };
}

/** A run whose first level is over soon, and when that is: the run may have come to the next one before anybody has seen it. */
async function openRace(): Promise<OpenReview> {
  const race = await openReview('race');
  const review = await findReview(stage.vault, { orgId: stage.orgId, reviewId: race.reviewId });
  return { ...race, dueAtMs: (review?.createdAt.getTime() ?? 0) + LEVEL_MS };
}

/** How long after the due time the server's timer makes itself felt: it is not exact to the millisecond. */
async function timeoutLagMs(): Promise<number> {
  const { handle, dueAtMs } = await openRace();
  const { last } = await until(async () => {
    const position = await handle.query(ladderQuery);
    return position?.level === 1 && position;
  });
  await handle.terminate('seen');
  return Date.parse(last?.at ?? '') - dueAtMs;
}

describe('with every worker up', () => {
  let stop: () => Promise<void>;
  beforeAll(async () => {
    ({ stop } = await stage.open(['decision', 'hitl']));
  });
  afterAll(() => stop());

  test('an escalation within milliseconds of the timeout: one step per level is recorded, whichever came first', async () => {
    const lagMs = await timeoutLagMs();
    await Promise.all(
      Array.from({ length: 10 }, async (_, index) => {
        const { handle, reviewId, dueAtMs } = await openRace();
        const offsetMs = lagMs + (index - 3) * 15 + Math.random() * 15;
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueAtMs + offsetMs - Date.now())));
        const outcome = await handle.executeUpdate(reviewUpdate, { args: [voteOf('escalate')] });
        expect(outcome.kind).toBe('recorded');
        await atRest(handle);
        const { steps, recorded, status } = await stepsOf(stage, reviewId);
        expect(status).toBe('pending');
        expect(recorded).toBe(steps.length);
        // A vote that lost the race escalates the next level: the reviewer may, and it is a step of its own.
        expect(steps.map(({ step, level }) => ({ step, level }))).toEqual(
          steps[0]?.step === 'timeout'
            ? [
                { step: 'timeout', level: 0 },
                { step: 'escalate', level: 1 },
              ]
            : [{ step: 'escalate', level: 0 }],
        );
        expect(await handle.query(ladderQuery)).toMatchObject({ status: 'pending', level: steps.length, version: 1 + steps.length });
        await handle.terminate('seen');
      }),
    );
  });

  test('ten votes by signal at once: one decides, the run ends with that', async () => {
    const { handle, reviewId } = await openReview('transfer');
    await Promise.all(Array.from({ length: 10 }, (_, index) => handle.signal(reviewSignal, voteOf(index % 2 === 0 ? 'approve' : 'reject'))));
    const { review } = await handle.result();
    const { steps, recorded, status } = await stepsOf(stage, reviewId);
    expect([steps.length, recorded]).toEqual([1, 1]);
    expect(review?.status).toBe(status);
    expect(status).toBe(steps[0]?.step === 'approve' ? 'approved' : 'rejected');
  });

  test.each(['approve', 'escalate'] as const)('one request to %s, by update twice and by signal: one step, and each is told it counts', async (verb) => {
    const { handle, reviewId } = await openReview('transfer');
    const vote = voteOf(verb);
    const asked = [
      handle.executeUpdate(reviewUpdate, { args: [vote] }),
      handle.executeUpdate(reviewUpdate, { args: [vote] }),
      handle.signal(reviewSignal, vote).then(() => null),
    ];
    const outcomes = await Promise.all(asked);
    expect(outcomes.map((outcome) => outcome?.kind)).toEqual(['recorded', 'recorded', undefined]);
    if (verb === 'escalate') await atRest(handle);
    else await handle.result();
    expect(await stepsOf(stage, reviewId)).toMatchObject({ steps: [{ step: verb, level: 0 }], recorded: 1 });
  });

  test('a message that is not a vote is refused or ignored, and the run still takes one that is', async () => {
    const { handle } = await openReview('transfer');
    await handle.signal('review');
    await handle.signal('review', { verb: 'timeout' });
    await expect(handle.executeUpdate('review', { args: ['approve'] })).rejects.toMatchObject({ cause: { type: 'bad-vote' } });
    await handle.executeUpdate(reviewUpdate, { args: [voteOf('reject')] });
    expect(await handle.result()).toMatchObject({ review: { status: 'rejected' } });
  });

  test('the query tells level, reviewers, due time and last step while the review waits, and how it ended', async () => {
    const { handle, dueAtMs } = await openReview('transfer');
    expect(await handle.query(ladderQuery)).toEqual({
      version: 1,
      status: 'pending',
      level: 0,
      levels: 2,
      reviewers: { roles: ['Reviewer'] },
      dueAtMs,
      last: null,
    });
    await handle.executeUpdate(reviewUpdate, { args: [voteOf('escalate')] });
    expect(await handle.query(ladderQuery)).toMatchObject({
      level: 1,
      reviewers: { roles: ['Owner'], groups: ['board'] },
      last: { step: 'escalate', actor: 'mem_reviewer' },
    });
    await handle.executeUpdate(reviewUpdate, { args: [voteOf('approve', OWNER)] });
    await handle.result();
    expect(await handle.query(ladderQuery)).toMatchObject({ status: 'approved', dueAtMs: null, last: { step: 'approve', actor: 'mem_owner' } });
  });

  test('a step whose recording failed at first is recorded once', async () => {
    const { handle, reviewId } = await openReview('transfer');
    stage.proxy.cut();
    const voted = handle.executeUpdate(reviewUpdate, { args: [voteOf('approve')] });
    await until(async () => ((await handle.describe()).raw.pendingActivities ?? []).some(({ attempt }) => (attempt ?? 0) > 1));
    stage.proxy.restore();
    expect(await voted).toMatchObject({ kind: 'recorded', position: { status: 'approved' } });
    expect(await stepsOf(stage, reviewId)).toMatchObject({ steps: [{ step: 'approve' }], recorded: 1 });
  });

  test.each(['cut', 'drop', 'hold'] as const)('a ledger that is away when the event comes (%s) ends in one recorded decision', async (how) => {
    const input = stage.inputOf({ action: 'look_up', sessionId: `away-${how}` });
    stage.proxy[how]();
    const handle = await stage.start(input);
    await seen(handle, 'ACTIVITY_TASK_SCHEDULED');
    stage.proxy.restore();
    expect(await handle.result()).toEqual({ eventId: input.event.id, value: 'ALLOW', review: null });
    const rows = await stage.sql.begin(async (tx) => {
      await tx`select set_config('mg.org_id', ${stage.orgId}, true)`;
      return tx<{ body: string }[]>`select body from agent_events where org_id = ${stage.orgId} and event_id = ${input.event.id}`;
    });
    expect(rows.map(({ body }) => (JSON.parse(body) as { event: unknown }).event)).toEqual([input.event]);
  });

  test('a refusal fails the run at once under its own type, without another try', async () => {
    const { orgId } = await stage.addOrganization({ eventQuota: 0 });
    const handle = await stage.start(stage.inputOf({ action: 'look_up' }, orgId));
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'quota-exceeded', nonRetryable: true } });
    expect(await eventNames(handle)).not.toContain('ACTIVITY_TASK_SCHEDULED');
  });
});

describe('a review that is asked through another one', () => {
  test('waits for that one, whatever its own time was', async () => {
    const workers = await stage.open(['decision', 'hitl']);
    const sessionId = randomUUID();
    const [leader, follower] = [await openReview('transfer', { sessionId }), await openReview('transfer', { sessionId })];
    const admin = openTestPool({ url: stage.adminUrl, maxConnections: 1 });
    await admin`update review set expires_at = now() - interval '1 minute' where id = ${follower.reviewId}`;
    await admin.end();
    await follower.handle.signal(reviewMovedSignal);
    const looks = async (): Promise<number> => (await eventNames(follower.handle)).filter((name) => name === 'TIMER_STARTED').length;
    await until(async () => (await looks()) > 1);
    const before = await looks();
    await sleep(2_000);
    expect(await looks()).toBe(before);
    await leader.handle.executeUpdate(reviewUpdate, { args: [voteOf('approve')] });
    expect(await follower.handle.result()).toMatchObject({ review: { reviewId: follower.reviewId, status: 'approved' } });
    await workers.stop();
  });
});

describe('with workers that come and go', () => {
  test('a vote while the reviews worker is down waits for it and is recorded once', async () => {
    const decision = await stage.open(['decision']);
    const input = stage.inputOf({ action: 'transfer' });
    const handle = await stage.start(input);
    const { review } = await handle.executeUpdate(decisionUpdate, { args: [input.digest] });
    await handle.signal(reviewSignal, voteOf('reject'));
    await until(async () => ((await handle.describe()).raw.pendingActivities ?? []).length === 2);
    const hitl = await stage.open(['hitl']);
    expect(await handle.result()).toMatchObject({ review: { status: 'rejected' } });
    expect((await stepsOf(stage, review?.id ?? '')).recorded).toBe(1);
    await Promise.all([decision.stop(), hitl.stop()]);
  });

  test('a review that waits is carried on by the next process', async () => {
    const before = await stage.open(['decision', 'hitl']);
    const { handle, reviewId } = await openReview('refund');
    await seen(handle, 'TIMER_STARTED');
    await before.stop();
    // The first level runs out while nobody is there.
    await seen(handle, 'TIMER_FIRED');
    const after = await stage.open(['decision', 'hitl']);
    expect(await handle.result()).toMatchObject({ review: { reviewId, status: 'expired' } });
    expect((await stepsOf(stage, reviewId)).steps).toMatchObject([
      { step: 'timeout', level: 0 },
      { step: 'timeout', level: 1 },
    ]);
    await after.stop();
  });

  test('a vote for a run that was ended counts, with no worker there at all', async () => {
    const api = await stage.open(['api']);
    const before = await stage.open(['decision', 'hitl']);
    const { handle, reviewId } = await openReview('transfer');
    await handle.terminate('drill');
    await before.stop();
    const headers = { 'x-api-key': await stage.keyOf('Reviewer'), 'content-type': 'application/json', 'idempotency-key': randomUUID() };
    const url = `${api.apiUrl}/api/v1/hitl/reviews/${reviewId}/decision`;
    const answer = await whileBusy(() => fetch(url, { method: 'POST', headers, body: JSON.stringify({ verb: 'approve' }) }));
    expect([answer.status, ((await answer.json()) as { status: string }).status]).toEqual([200, 'approved']);
    expect((await stepsOf(stage, reviewId)).recorded).toBe(1);
    await api.stop();
  });
});
