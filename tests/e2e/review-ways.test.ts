import { randomUUID } from 'node:crypto';
import { afterIdOf } from '../../activities/review-record.ts';
import { sha256Hex } from '../../activities/settlement.ts';
import { actionDigest } from '../../core/decision/action-digest.ts';
import type { SealedObject } from '../../core/ledger/sealed-object.ts';
import { openRecordedEvent } from '../../db/event-seal.ts';
import { storedDigest } from '../../db/review-seal.ts';
import type { Role } from '../../schemas/access.ts';
import type { GovernanceEvent } from '../../schemas/event.ts';
import type { Review } from '../../schemas/review.ts';
import { conductReviewId } from '../../workflows/ids.ts';
import { startTestProduct, type TestProduct } from '../support/product.ts';
import { REVIEW_WAYS } from '../support/review-policies.ts';
import { until } from '../support/until.ts';

type Person = readonly [name: string, role: Role];
const ANN: Person = ['ann', 'Reviewer'];
const BOB: Person = ['bob', 'Reviewer'];
const OLA: Person = ['ola', 'Owner'];
const ADA: Person = ['ada', 'Admin'];

let product: TestProduct;
beforeAll(async () => {
  product = await startTestProduct({ policy: REVIEW_WAYS });
  for (const [name, role] of [ANN, BOB, OLA, ADA]) await product.keyOfMember(name, role);
});
afterAll(() => product.stop());

interface Asked {
  path: string;
  event: GovernanceEvent;
}
const ask = async (action: string, event: Partial<GovernanceEvent> = {}): Promise<Asked> => {
  const sent = { id: randomUUID(), agentId: 'treasury', action, tool: { name: action, args: { amount: 100 } }, ...event };
  const decision = await product.decide(sent);
  expect(decision.value).toBe('HITL');
  return { path: `/api/v1/hitl/reviews/${decision.review?.id}`, event: sent };
};
const vote = async ({ path }: Asked, [name, role]: Person, verb: string, more: object = {}, headers: Record<string, string> = {}) =>
  product.call<Review & { code: string; refusal: string }>('POST', `${path}/decision`, {
    key: await product.keyOfMember(name, role),
    headers,
    body: { verb, ...more },
  });
const read = async ({ path }: Asked, wait = 0) => (await product.call<Review>('GET', `${path}?wait=${wait}`)).body;
const steps = (review: Review) => review.steps.map(({ step, actor }) => `${step} ${actor}`);

test('a quorum of two needs two people, and says so in between', async () => {
  const asked = await ask('two');
  expect((await vote(asked, ANN, 'approve')).body).toMatchObject({ status: 'pending', votes: [{ memberId: 'mem_ann', verb: 'approve' }] });
  expect((await vote(asked, ANN, 'approve')).status).toBe(409);
  expect((await vote(asked, BOB, 'approve')).body).toMatchObject({ status: 'approved', outcome: 'allow' });
});

test('two people whose requests carry the same id are two people', async () => {
  const headers = { 'x-request-id': 'TICKET-7' };
  const asked = await ask('two');
  expect((await vote(asked, ANN, 'approve', {}, headers)).body.status).toBe('pending');
  expect((await vote(asked, ANN, 'approve', {}, headers)).body).toMatchObject({ status: 'pending', votes: [{ memberId: 'mem_ann' }] });
  expect((await vote(asked, BOB, 'approve', {}, headers)).body).toMatchObject({
    status: 'approved',
    votes: [{ memberId: 'mem_ann' }, { memberId: 'mem_bob' }],
  });
  const other = await ask('two');
  await vote(other, ANN, 'approve', {}, headers);
  expect((await vote(other, ANN, 'reject', {}, headers)).body.status).toBe('rejected');
  expect(steps(await read(other))).toEqual(['approve mem_ann', 'reject mem_ann']);
});

test('one rejection rejects, whatever was approved before', async () => {
  const asked = await ask('two');
  await vote(asked, ANN, 'approve');
  expect((await vote(asked, BOB, 'reject')).body).toMatchObject({ status: 'rejected', outcome: 'block' });
});

test('everybody who does not abstain must approve; with nobody left the next level is asked', async () => {
  const asked = await ask('everybody');
  expect((await vote(asked, ANN, 'abstain')).body.status).toBe('pending');
  expect((await vote(asked, BOB, 'approve')).body.status).toBe('approved');
  const other = await ask('everybody');
  await vote(other, ANN, 'abstain');
  const stuck = await vote(other, BOB, 'abstain');
  expect(stuck.body).toMatchObject({ status: 'pending', level: 1 });
  expect(steps(stuck.body)).toEqual(['abstain mem_ann', 'abstain mem_bob', 'impossible system']);
  expect((await vote(other, OLA, 'approve')).body.status).toBe('approved');
});

test('separated roles: two of one role are not enough', async () => {
  const asked = await ask('separated');
  await vote(asked, ANN, 'approve');
  expect((await vote(asked, BOB, 'approve')).body.status).toBe('pending');
  expect((await vote(asked, OLA, 'approve')).body.status).toBe('approved');
});

test('two people, always: one approval of a plan for two never passes', async () => {
  const asked = await ask('paired');
  expect((await vote(asked, OLA, 'approve')).body.status).toBe('pending');
  expect((await vote(asked, ADA, 'approve')).body.status).toBe('approved');
});

test('a response goes to the agent instead of an approval', async () => {
  const asked = await ask('single');
  expect((await vote(asked, ANN, 'respond')).status).toBe(422);
  expect((await vote(asked, ANN, 'respond', { message: 'Use the sandbox account.' })).body).toMatchObject({
    status: 'responded',
    outcome: 'block',
    response: 'Use the sandbox account.',
  });
});

test('edited arguments are a new digest; what was asked and what was approved both stand in the ledger', async () => {
  const asked = await ask('editable');
  const before = await read(asked);
  const edited = await vote(asked, ANN, 'edit', { args: { amount: 10 } });
  expect(edited.body).toMatchObject({ status: 'approved', args: { amount: 10 } });
  expect(edited.body.actionDigest).not.toBe(before.actionDigest);
  const rows = await product.sql.begin(async (tx) => {
    await tx`select set_config('mg.org_id', ${product.orgId}, true)`;
    return tx<
      { recordId: string; body: string }[]
    >`select record_id as "recordId", body from hitl_decisions where org_id = ${product.orgId} and review_id = ${edited.body.id}`;
  });
  const step = JSON.parse(String(rows[0]?.body)) as { sealed: SealedObject[] };
  expect(step).toMatchObject({ step: 'edit', actionDigest: storedDigest(product.vault, product.orgId, String(edited.body.actionDigest)) });
  const opened = await product.vault.open(
    product.orgId,
    step.sealed.map((sealed) => ({ place: `step/${rows[0]?.recordId}`, sealed })),
  );
  expect(opened).toEqual([expect.objectContaining({ args: { amount: 10 } })]);
  expect(await openRecordedEvent(product.vault, { orgId: product.orgId, eventId: asked.event.id })).toMatchObject({
    record: { event: { tool: { args: { amount: 100 } } } },
  });
});

test('an edit is no way round the policy, and only plans that allow it allow it', async () => {
  const blocked = await vote(await ask('editable'), ANN, 'edit', { args: { amount: 5_000 } });
  expect([blocked.status, blocked.body.refusal]).toEqual([409, 'edit-blocked']);
  expect((await vote(await ask('single'), ANN, 'edit', { args: { amount: 10 } })).status).toBe(403);
});

test('a decision on an action that has changed since it was shown is refused', async () => {
  const asked = await ask('single');
  const answer = await vote(asked, ANN, 'approve', { digest: 'a'.repeat(64) });
  expect([answer.status, answer.body.refusal]).toEqual([409, 'digest-changed']);
  expect((await vote(asked, ANN, 'approve', { digest: (await read(asked)).actionDigest })).body.status).toBe('approved');
});

test('a plan that asks for reasons takes no decision without one', async () => {
  const asked = await ask('reasoned');
  expect((await vote(asked, ANN, 'approve')).status).toBe(422);
  expect((await vote(asked, ANN, 'approve', { reason: 'known customer' })).body.status).toBe('approved');
});

test('breaking the glass approves at once, alone, and opens a judgement that the breaker cannot give', async () => {
  const asked = await ask('glass');
  expect((await vote(asked, ADA, 'break-glass', { reason: 'fire' })).status).toBe(403);
  expect((await vote(asked, OLA, 'break-glass')).status).toBe(422);
  const broken = await vote(asked, OLA, 'break-glass', { reason: 'the database is on fire' });
  expect(broken.body).toMatchObject({ status: 'approved', outcome: 'allow' });
  const { body: queue } = await product.call<{ data: Review[] }>('GET', '/api/v1/hitl/queue');
  const after = queue.data.find(({ kind, eventId }) => kind === 'after' && eventId === asked.event.id);
  expect(after).toMatchObject({ status: 'pending' });
  const judgement = { path: `/api/v1/hitl/reviews/${after?.id}`, event: asked.event };
  expect((await vote(judgement, OLA, 'approve', { reason: 'mine' })).status).toBe(403);
  expect((await vote(judgement, ADA, 'approve', { reason: 'it was on fire' })).body.status).toBe('approved');
});

test('a broken glass that nobody judges in time is a violation on record', async () => {
  const asked = await ask('glass-brief');
  await vote(asked, OLA, 'break-glass', { reason: 'no time' });
  const violations = () =>
    product.sql.begin(async (tx) => {
      await tx`select set_config('mg.org_id', ${product.orgId}, true)`;
      return tx<{ value: string }[]>`select value from policy_violations where org_id = ${product.orgId} and event_id = ${asked.event.id}`;
    });
  await until(async () => (await violations()).some(({ value }) => value === 'BREAK_GLASS'));
  expect((await violations()).map(({ value }) => value).toSorted()).toEqual(['BREAK_GLASS', 'HITL']);
});

describe('the agent', () => {
  const digestOf = ({ event }: Asked): string => actionDigest(event, 'pol_test@1', sha256Hex);
  const consume = (asked: Asked, digest: string, headers: Record<string, string> = {}) =>
    product.call<{ proceed: boolean; refusal: string; args: unknown }>('POST', `${asked.path}/consume`, { body: { digest }, headers });

  test('uses an approval once, for the very action that was approved', async () => {
    const asked = await ask('single');
    expect((await consume(asked, digestOf(asked))).body).toMatchObject({ refusal: 'pending' });
    await vote(asked, ANN, 'approve');
    const swapped = { ...asked, event: { ...asked.event, tool: { name: 'single', args: { amount: 101 } } } };
    const refused = await consume(swapped, digestOf(swapped));
    expect([refused.status, refused.body.refusal]).toEqual([409, 'digest_mismatch']);
    expect((await consume(asked, digestOf(asked))).body).toMatchObject({ proceed: true });
    const again = await consume(asked, digestOf(asked));
    expect([again.status, again.body.refusal]).toEqual([409, 'already_consumed']);
  });

  test('twenty at once: one proceeds; a retry of the same try is answered as before', async () => {
    const asked = await ask('single');
    await vote(asked, ANN, 'approve');
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => consume(asked, digestOf(asked), { 'idempotency-key': `try-${index}` })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const winner = answers.findIndex(({ status }) => status === 200);
    const retried = await consume(asked, digestOf(asked), { 'idempotency-key': `try-${winner}` });
    expect(retried).toMatchObject({ status: 200, body: answers[winner]?.body as object });
    const entries = (await read(asked)).approval?.consumedAt;
    expect(entries).not.toBeNull();
  });

  test('is told expiry and refusal apart', async () => {
    const rejected = await ask('single');
    await vote(rejected, ANN, 'reject');
    expect((await consume(rejected, digestOf(rejected))).body.refusal).toBe('rejected');
    const late = await ask('brief');
    await read(late, 55);
    expect((await consume(late, digestOf(late))).body.refusal).toBe('expired');
    const stale = await ask('fleeting');
    await vote(stale, ANN, 'approve');
    await new Promise((resolve) => setTimeout(resolve, 450));
    expect((await consume(stale, digestOf(stale))).body.refusal).toBe('expired');
  });

  test('that withdraws is asked for no more', async () => {
    const asked = await ask('single');
    const withdrawn = await product.call<Review>('POST', `${asked.path}/withdraw`, { body: { reason: 'the customer called back' } });
    expect(withdrawn.body).toMatchObject({ status: 'withdrawn', outcome: 'block' });
    expect((await vote(asked, ANN, 'approve')).status).toBe(409);
    expect((await consume(asked, digestOf(asked))).body.refusal).toBe('withdrawn');
  });

  test('asks the same thing again in its session: people are asked once, each event has its own approval', async () => {
    const sessionId = randomUUID();
    const first = await ask('single', { sessionId });
    const second = await ask('single', { sessionId });
    const third = await ask('single', { sessionId, tool: { name: 'single', args: { amount: 7 } } });
    expect(await read(second)).toMatchObject({ joinedTo: (await read(first)).id });
    expect(await read(third)).toMatchObject({ joinedTo: null });
    const { body: queue } = await product.call<{ data: Review[] }>('GET', '/api/v1/hitl/queue');
    expect(queue.data.filter((review) => review.sessionId === sessionId)).toHaveLength(2);
    const polled = read(second, 55);
    const headers = { 'x-request-id': randomUUID() };
    await vote(second, ANN, 'approve', {}, headers);
    expect(await polled).toMatchObject({ status: 'approved' });
    // Tried again, it is the same vote.
    expect((await vote(second, ANN, 'approve', {}, headers)).status).toBe(200);
    expect(await read(first)).toMatchObject({ status: 'approved' });
    for (const asked of [first, second]) expect((await consume(asked, digestOf(asked))).body).toMatchObject({ proceed: true });
    for (const { event } of [first, second]) {
      expect(await product.temporal.workflow.getHandle(`gov/${product.orgId}/${event.id}`).result()).toMatchObject({ review: { status: 'approved' } });
    }
  });

  test('asks the same thing where another rule asks other people: both are asked', async () => {
    const sessionId = randomUUID();
    const first = await ask('single', { sessionId });
    const careful = await ask('single', { sessionId, labels: ['careful'] });
    expect(await read(careful)).toMatchObject({ joinedTo: null });
    await vote(first, ANN, 'approve');
    expect(await read(careful)).toMatchObject({ status: 'pending' });
    expect((await consume(careful, digestOf(careful))).body).toMatchObject({ refusal: 'pending' });
  });

  test('has the glass broken for several of its requests: one judgement follows', async () => {
    const sessionId = randomUUID();
    const [first, second] = [await ask('glass', { sessionId }), await ask('glass', { sessionId })];
    await vote(second, OLA, 'break-glass', { reason: 'fire' });
    for (const { event } of [first, second]) {
      expect(await product.temporal.workflow.getHandle(`gov/${product.orgId}/${event.id}`).result()).toMatchObject({ review: { status: 'approved' } });
    }
    const judging = [first, second].map(async ({ path }) => {
      const reviewId = afterIdOf(product.orgId, path.split('/').at(-1) ?? '');
      return product.temporal.workflow
        .getHandle(conductReviewId(product.orgId, reviewId))
        .describe()
        .then(({ status }) => status.name)
        .catch(({ name }: Error) => name);
    });
    expect(await Promise.all(judging)).toEqual(['RUNNING', 'WorkflowNotFoundError']);
  });

  test('withdraws the one that was asked: the other one is asked in its place, with the votes given', async () => {
    const sessionId = randomUUID();
    const first = await ask('two', { sessionId });
    const second = await ask('two', { sessionId });
    await vote(first, ANN, 'approve');
    await product.call('POST', `${first.path}/withdraw`, { body: {} });
    expect(await read(second)).toMatchObject({ status: 'pending', joinedTo: null, votes: [{ memberId: 'mem_ann' }] });
    expect((await vote(second, BOB, 'approve')).body.status).toBe('approved');
    expect(await read(first)).toMatchObject({ status: 'withdrawn' });
  });
});

test('the requester cannot decide: not by session, not by another key, not as the event’s own principal', async () => {
  const { body: decision } = await product.call<{ review: { id: string } }>('POST', '/api/v1/governance/events', {
    key: await product.keyOfMember(...OLA),
    body: { agentId: 'treasury', action: 'single' },
  });
  const own = { path: `/api/v1/hitl/reviews/${decision.review.id}`, event: {} as GovernanceEvent };
  expect((await vote(own, OLA, 'approve')).body).toMatchObject({ code: 'not-permitted', refusal: 'own-request' });
  const named = await ask('single', { principal: { user: 'mem_bob' } });
  expect((await vote(named, BOB, 'approve')).body.refusal).toBe('own-request');
  expect((await vote(named, ANN, 'approve')).body.status).toBe('approved');
});
