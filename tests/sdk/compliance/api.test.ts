import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { actionDigest } from '../../../sdk/compliance/src/action-digest.ts';
import type { EventInput } from '../../../sdk/compliance/src/api-types.ts';
import { type ClientOptions, MastGuardClient } from '../../../sdk/compliance/src/client.ts';
import { MastGuardWebhooks } from '../../../sdk/compliance/src/webhooks.ts';
import type * as errors from '../../../sdk/compliance/src/errors.ts';
import type { PolicySet } from '../../../schemas/policy.ts';
import { startAnswerLosingProxy, type AnswerLosingProxy } from '../../support/answer-losing-proxy.ts';
import { patientFetch, stubbornFetch } from '../../support/patient-fetch.ts';
import { startTestProduct, type TestProduct } from '../../support/product.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.ts';
import { until } from '../../support/until.ts';

const LEVEL = { reviewers: { roles: ['Owner' as const, 'Reviewer' as const] }, withinMs: 600_000 };
const POLICY: PolicySet = {
  rules: [
    { id: 'transfers', priority: 100, when: { actions: ['transfer'] }, effect: 'hitl', review: { levels: [LEVEL], allowEdit: true }, reason: 'people decide' },
    { id: 'brief', priority: 100, when: { actions: ['brief'] }, effect: 'hitl', review: { levels: [{ ...LEVEL, withinMs: 700 }] }, reason: 'people decide' },
    { id: 'payments', priority: 100, when: { actions: ['pay'] }, effect: 'allow', attestWithinMs: 600_000, reason: 'reported on' },
    { id: 'never', priority: 100, when: { actions: ['never'] }, effect: 'block', reason: 'never' },
  ],
};

let product: TestProduct;
let proxy: AnswerLosingProxy;
let receiver: WebhookReceiver;
/** `METHOD /path` of every call that was answered with success. */
const answered = new Set<string>();
const client = (options: ClientOptions = {}) =>
  new MastGuardClient({
    apiKey: product.apiKey,
    baseUrl: product.apiUrl,
    fetch: patientFetch,
    onAttempt: ({ operation, code }) => void (code === undefined && answered.add(operation)),
    ...options,
  });
let mg: MastGuardClient;
let reviewer: MastGuardClient;

beforeAll(async () => {
  [product, receiver] = await Promise.all([startTestProduct({ policy: POLICY, outbound: { mail: null, allow: ['127.0.0.0/8'] } }), startWebhookReceiver()]);
  proxy = await startAnswerLosingProxy(product.apiUrl);
  mg = client();
  reviewer = client({ apiKey: await product.keyOfMember('ann', 'Reviewer') });
});
afterAll(async () => {
  await Promise.all([proxy.close(), receiver.close()]);
  await product.stop();
});

const transfer = (amount = 100): EventInput => ({ agentId: 'treasury', action: 'transfer', tool: { name: 'transfer', args: { amount, to: randomUUID() } } });
const asked = async (event: EventInput = transfer()) => {
  const decision = await mg.governance.ingest(event);
  expect(decision.value).toBe('HITL');
  return { event, decision, reviewId: decision.review?.id ?? '' };
};
const failure = async <Kind extends errors.MastGuardError>(call: PromiseLike<unknown>): Promise<Kind> => {
  try {
    await call;
  } catch (error) {
    return error as Kind;
  }
  throw new Error('the call was expected to fail');
};

describe('events', () => {
  it('are decided, found again, and listed', async () => {
    const decision = await mg.governance.ingest({ agentId: 'reader', action: 'look_up', metadata: { ticket: 4711 } });
    expect(decision).toMatchObject({ value: 'ALLOW', mast: [], receipt: { seq: expect.any(Number) } });
    expect(await decision.wait()).toEqual({ outcome: 'allow', review: null });
    // Waiting is no part of the JSON.
    expect(Object.keys(decision)).not.toContain('wait');
    const { event, decision: recorded, mode } = await mg.governance.events.get(decision.eventId);
    expect([event.metadata, recorded.id, mode]).toEqual([{ ticket: 4711 }, decision.id, 'governed']);
    const listed = await mg.governance.events.list({ agentId: 'reader', value: 'ALLOW' });
    expect(listed.data.map(({ eventId }) => eventId)).toEqual([decision.eventId]);
  });

  it('that are blocked are settled at once', async () => {
    const decision = await mg.governance.ingest({ agentId: 'reader', action: 'never' });
    expect([decision.value, await decision.wait()]).toEqual(['BLOCK', { outcome: 'block', review: null }]);
  });

  it('are the same event for the same id or key, and another body is refused', async () => {
    const first = await mg.governance.ingest({ agentId: 'reader', action: 'look_up' }, { idempotencyKey: 'nightly-1' });
    const again = await mg.governance.ingest({ id: 'nightly-1', agentId: 'reader', action: 'look_up' });
    expect([first.eventId, again.id]).toEqual(['nightly-1', first.id]);
    const error = await failure<errors.MastGuardValidationError>(mg.governance.ingest({ id: 'nightly-1', agentId: 'reader', action: 'write' }));
    expect([error.name, error.code, error.status]).toEqual(['MastGuardValidationError', 'id-reused', 422]);
  });

  it('are recorded after the fact, once for one key', async () => {
    const events = [1, 2, 3].map((line) => ({ agentId: 'batcher', action: 'look_up', metadata: { line } }));
    const key = { idempotencyKey: `job-${randomUUID()}` };
    const first = await mg.governance.ingestBatch(events, key);
    expect(first.data.map(({ status }) => status)).toEqual(['decided', 'decided', 'decided']);
    const again = await mg.governance.ingestBatch(events, key);
    expect(again.data.map(({ decision }) => decision?.id)).toEqual(first.data.map(({ decision }) => decision?.id));
  });

  it('are tried without a trace', async () => {
    const used = (await mg.billing.usage()).events.used;
    expect(await mg.governance.evaluate(transfer())).toMatchObject({ value: 'HITL', policy: { ruleId: 'transfers' } });
    expect((await mg.billing.usage()).events.used).toBe(used);
  });

  it('are reported on where their rule asks for it', async () => {
    const { eventId, attestation } = await mg.governance.ingest({ agentId: 'treasury', action: 'pay' });
    expect(attestation?.withinMs).toBe(600_000);
    expect(await mg.governance.events.reportOutcome(eventId, { outcome: 'executed' })).toMatchObject({ eventId, outcome: 'executed' });
  });

  it('are told what was made of them while nobody could be asked, once', async () => {
    const { eventId } = await mg.governance.ingest({ agentId: 'treasury', action: 'look_up' });
    const report = { mode: 'local-policy', value: 'ALLOW', cause: 'unreachable', decidedAt: '2030-05-01T12:00:00.000Z' } as const;
    const first = await mg.governance.events.reportFailMode(eventId, report);
    expect(first).toMatchObject({ eventId, ...report, receipt: { seq: expect.any(Number) } });
    expect(await mg.governance.events.reportFailMode(eventId, report)).toEqual(first);
    const other = mg.governance.events.reportFailMode(eventId, { ...report, value: 'BLOCK' });
    expect(await failure(other)).toMatchObject({ name: 'MastGuardConflictError', code: 'conflict' });
  });
});

describe('a review', () => {
  it('is waited for, approved, and its approval used once for the action it was given for', async () => {
    const { event, decision, reviewId } = await asked();
    const settled = decision.wait();
    await reviewer.hitl.decide(reviewId, { verb: 'approve' });
    const { outcome, review } = await settled;
    expect([outcome, review?.id, review?.status]).toEqual(['allow', reviewId, 'approved']);
    const version = review?.policy?.version ?? null;
    const other = await failure<errors.MastGuardConflictError>(mg.hitl.consume(reviewId, { digest: actionDigest(transfer(9_999), version) }));
    expect([other.name, other.refusal]).toEqual(['MastGuardConflictError', 'digest_mismatch']);
    const digest = actionDigest(event, version);
    expect(digest).toBe(review?.actionDigest);
    expect(await mg.hitl.consume(reviewId, { digest }, { idempotencyKey: 'use-1' })).toMatchObject({ proceed: true, reviewId, args: null });
    expect(await mg.hitl.consume(reviewId, { digest }, { idempotencyKey: 'use-1' })).toMatchObject({ proceed: true });
    expect((await failure<errors.MastGuardConflictError>(mg.hitl.consume(reviewId, { digest }))).refusal).toBe('already_consumed');
  });

  it('with edited arguments is used with those', async () => {
    const { event, decision, reviewId } = await asked();
    const args = { ...event.tool?.args, amount: 10 };
    await reviewer.hitl.decide(reviewId, { verb: 'edit', args });
    const { review } = await decision.wait();
    expect(review?.args).toEqual(args);
    const edited = { ...event, tool: { name: 'transfer', args: review?.args ?? {} } };
    expect(await mg.hitl.consume(reviewId, { digest: actionDigest(edited, review?.policy?.version ?? null) })).toMatchObject({ proceed: true, args });
  });

  it.each([
    ['reject', { verb: 'reject', reason: 'no' }, 'rejected'],
    ['respond', { verb: 'respond', message: 'Use the sandbox.' }, 'responded'],
  ] as const)('that people %s blocks', async (_, verdict, status) => {
    const { decision, reviewId } = await asked();
    expect((await reviewer.hitl.decide(reviewId, verdict)).status).toBe(status);
    expect(await decision.wait()).toMatchObject({ outcome: 'block', review: { status } });
  });

  it('that nobody decides is blocked when its time is over', async () => {
    const { decision } = await asked({ ...transfer(), action: 'brief' });
    expect(await decision.wait()).toMatchObject({ outcome: 'block', review: { status: 'expired' } });
  });

  it('that takes longer than the caller waits has no outcome, and can be withdrawn', async () => {
    // However late the answer is: what a wait without any comes to is shown elsewhere.
    const decision = await client({ fetch: stubbornFetch }).governance.ingest(transfer());
    const reviewId = decision.review?.id ?? '';
    expect(await decision.wait({ timeoutMs: 1_200 })).toMatchObject({ outcome: null, review: { status: 'pending' } });
    expect((await mg.hitl.withdraw(reviewId, { reason: 'not needed' })).status).toBe('withdrawn');
    expect((await failure<errors.MastGuardConflictError>(reviewer.hitl.decide(reviewId, { verb: 'approve' }))).code).toBe('review-decided');
  });

  it('is waited for until the caller has enough', async () => {
    const { decision } = await asked();
    const reason = new Error('shutting down');
    const aborter = new AbortController();
    const wait = failure(decision.wait({ signal: aborter.signal }));
    setTimeout(() => aborter.abort(reason), 100);
    expect(await wait).toBe(reason);
  });

  it('is in the queue, among all, and by itself', async () => {
    const { reviewId } = await asked();
    const ids = async (list: AsyncIterable<{ id: string }>) => {
      const found: string[] = [];
      for await (const { id } of list) found.push(id);
      return found;
    };
    expect(await ids(mg.hitl.queue({ limit: 1 }))).toContain(reviewId);
    expect(await ids(mg.hitl.list({ status: 'pending', limit: 2 }))).toContain(reviewId);
    expect(await mg.hitl.get(reviewId)).toMatchObject({ id: reviewId, status: 'pending' });
  });

  it('is decided together with others, each with its own answer', async () => {
    const [first, second] = [await asked(), await asked()];
    const { data } = await reviewer.hitl.decideMany([
      { reviewId: first.reviewId, verb: 'approve' },
      { reviewId: second.reviewId, verb: 'reject' },
      { reviewId: 'rev_none', verb: 'approve' },
    ]);
    expect(data.map(({ status, reviewStatus }) => [status, reviewStatus])).toEqual([
      ['recorded', 'approved'],
      ['recorded', 'rejected'],
      ['refused', null],
    ]);
  });
});

describe('a lost answer', () => {
  const through = (apiKey = product.apiKey) => client({ apiKey, baseUrl: proxy.url });
  /** Makes the call while so many answers are lost, and sees that they were. */
  const losing = async <T>(answers: number, call: () => PromiseLike<T>): Promise<T> => {
    const before = proxy.lost;
    proxy.lose(answers);
    const result = await call();
    expect(proxy.lost - before).toBe(answers);
    return result;
  };

  it('to an event means one event, decided once and counted once', async () => {
    const used = (await mg.billing.usage()).events.used;
    const decision = await losing(1, () => through().governance.ingest({ agentId: 'cut', action: 'look_up' }));
    expect(decision.value).toBe('ALLOW');
    expect((await mg.billing.usage()).events.used).toBe(used + 1);
    expect((await mg.governance.events.list({ agentId: 'cut' })).data).toHaveLength(1);
  });

  it('to a batch without ids means one batch', async () => {
    const events = [1, 2].map((line) => ({ agentId: 'cut-batch', action: 'look_up', metadata: { line } }));
    await losing(1, () => through().governance.ingestBatch(events));
    expect((await mg.governance.events.list({ agentId: 'cut-batch' })).data).toHaveLength(2);
  });

  it('to a vote, a withdrawal and the use of an approval means each of them once, and success', async () => {
    const { event, reviewId } = await asked();
    const ann = through(await product.keyOfMember('ann', 'Reviewer'));
    const review = await losing(1, () => ann.hitl.decide(reviewId, { verb: 'approve' }));
    expect([review.status, review.steps.map(({ step }) => step)]).toEqual(['approved', ['approve']]);
    const digest = actionDigest(event, review.policy?.version ?? null);
    expect(await losing(1, () => through().hitl.consume(reviewId, { digest }))).toMatchObject({ proceed: true });
    const other = await asked();
    expect((await losing(1, () => through().hitl.withdraw(other.reviewId))).status).toBe('withdrawn');
    const many = await asked();
    const { data } = await losing(1, () => ann.hitl.decideMany([{ reviewId: many.reviewId, verb: 'approve' }]));
    expect(data).toMatchObject([{ status: 'recorded', reviewStatus: 'approved' }]);
  });

  it('while waiting for people does not end the wait', async () => {
    const { reviewId } = await asked();
    const [review] = await losing(3, () =>
      Promise.all([
        through().hitl.wait(reviewId, { timeoutMs: 120_000 }),
        // Not before it is asked about, on most machines; it comes to the same.
        sleep(300).then(() => reviewer.hitl.decide(reviewId, { verb: 'approve' })),
      ]),
    );
    expect(review.status).toBe('approved');
  });
});

describe('agents', () => {
  it('take a profile, are stopped and resumed, and are found', async () => {
    const profile = { owner: 'finance@example.com', grantedTools: [{ name: 'issue_refund', args: { amount: { type: 'number' as const, max: 100 } } }] };
    expect(await mg.agents.update('refund-bot', profile)).toMatchObject({ agentId: 'refund-bot', status: 'active', profile });
    expect(await mg.agents.stop('refund-bot', { reason: 'incident 12' })).toMatchObject({ status: 'stopped', stoppedReason: 'incident 12' });
    expect((await mg.governance.ingest({ agentId: 'refund-bot', action: 'look_up' })).value).toBe('BLOCK');
    expect((await mg.agents.resume('refund-bot')).status).toBe('active');
    expect((await mg.agents.get('refund-bot')).profile).toEqual(profile);
    const found: string[] = [];
    for await (const { agentId } of mg.agents.list({ limit: 1 })) found.push(agentId);
    expect(found).toEqual([...found].toSorted());
    expect(found).toEqual(expect.arrayContaining(['reader', 'refund-bot', 'treasury']));
  });
});

describe('grants', () => {
  it('let an action pass that would wait, until they are revoked', async () => {
    const grant = await reviewer.hitl.grants.create({
      agentId: 'granted',
      tool: 'transfer',
      bounds: { amount: { type: 'number', max: 100 }, to: {} },
      maxUses: 5,
      reason: 'drill',
      expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    });
    const decision = await mg.governance.ingest({ ...transfer(), agentId: 'granted' });
    expect(decision.value).toBe('ALLOW');
    expect((await mg.hitl.grants.uses(grant.id)).data).toMatchObject([{ eventId: decision.eventId }]);
    expect(await reviewer.hitl.grants.revoke(grant.id)).toBeUndefined();
    expect((await mg.hitl.grants.list({ agentId: 'granted' })).data).toMatchObject([{ id: grant.id, revokedAt: expect.any(String) }]);
    expect((await mg.governance.ingest({ ...transfer(), agentId: 'granted' })).value).toBe('HITL');
  });
});

describe('webhooks', () => {
  it('that the server sends are verified as they arrive, and with one more blank they are not', async () => {
    const webhookSecret = `whsec_${randomBytes(32).toString('base64')}`;
    const channel = { kind: 'webhook', name: 'to the agent', config: { url: `${receiver.url}/hook`, secret: webhookSecret } };
    expect((await product.call('POST', '/api/v1/hitl/channels', { body: channel })).status).toBe(201);
    const { reviewId } = await asked();
    const { body, headers } = await until(async () => receiver.to('/hook').find((call) => call.body.includes(reviewId)));
    const { webhooks } = client({ webhookSecret });
    expect(webhooks.verify(body, headers)).toMatchObject({ id: headers['webhook-id'], type: 'hitl.review.asked', data: { reviewId } });
    expect(() => webhooks.verify(`${body} `, headers)).toThrow('no signature fits');
  });

  it('go to endpoints that are made, changed, tried, followed, replayed and removed', async () => {
    const { endpoints } = mg.webhooks;
    const types = ['governance.decision.blocked' as const];
    const { id, secret, publicKeys } = await endpoints.create({ name: 'blocked', url: `${receiver.url}/out`, types });
    expect((await endpoints.list()).data.map((endpoint) => endpoint.id)).toEqual([id]);
    expect(await endpoints.test(id)).toMatchObject({ delivered: true });
    const { eventId } = await mg.governance.ingest({ agentId: 'webhooks', action: 'never' });
    const sent = await until(async () => receiver.to('/out').find((call) => call.body.includes(eventId)));
    const ours = new MastGuardWebhooks({ secret, publicKey: publicKeys });
    const message = ours.verify<{ eventId: string }>(sent.body, String(sent.headers['x-mastguard-signature']));
    expect([message.type, message.data.eventId]).toEqual(['governance.decision.blocked', eventId]);
    expect(await ours.verifyAsync(sent.body, sent.headers)).toEqual(message);
    expect(await new MastGuardWebhooks({ publicKey: publicKeys }).verifyAsync(sent.body, sent.headers)).toEqual(message);

    const [delivery] = await until(async () => {
      const { data } = await endpoints.deliveries(id, { status: 'delivered' });
      return data.length > 0 && data;
    });
    expect(delivery).toMatchObject({ messageId: message.id, type: message.type, httpStatus: 200 });
    const arrived = () => receiver.to('/out').filter((call) => call.headers['webhook-id'] === message.id).length;
    // More than once where the answer to the first came too late.
    const before = arrived();
    expect(await endpoints.replay(id, { messageId: message.id })).toMatchObject({ endpointId: id, scope: 'message' });
    await until(() => arrived() > before);
    expect((await endpoints.rotateSecret(id, { keepOldForHours: 0 })).secret).not.toBe(secret);
    expect(await endpoints.update(id, { name: 'renamed' })).toMatchObject({ name: 'renamed', types });
    expect((await endpoints.disable(id)).status).toBe('disabled');
    expect((await endpoints.enable(id)).status).toBe('enabled');
    expect((await endpoints.get(id)).name).toBe('renamed');
    await endpoints.delete(id);
    expect((await endpoints.list()).data).toEqual([]);
  });
});

describe('refusals', () => {
  const attempts: number[] = [];
  const counted = (options: ClientOptions) => client({ onAttempt: ({ attempt }) => void attempts.push(attempt), ...options });
  beforeEach(() => void attempts.splice(0));

  it('come as the errors they are, after one attempt', async () => {
    const stranger = counted({ apiKey: 'mg_live_your_key_here' });
    expect(await failure(stranger.agents.list())).toMatchObject({ name: 'MastGuardAuthenticationError', code: 'unauthenticated' });
    const unbound = counted({});
    const { reviewId } = await asked();
    expect(await failure(unbound.hitl.decide(reviewId, { verb: 'approve' }))).toMatchObject({ name: 'MastGuardPermissionDeniedError', code: 'not-permitted' });
    expect(await failure(unbound.agents.get('nobody'))).toMatchObject({ name: 'MastGuardNotFoundError' });
    const invalid = await failure<errors.MastGuardValidationError>(unbound.governance.ingest({ agentId: 'a b', action: '' }));
    expect(invalid.errors.map(({ pointer }) => pointer)).toEqual(['/agentId', '/action']);
    expect(invalid.requestId).toMatch(/^req_/);
    expect(attempts).toEqual([0, 0, 0, 0]);
  });

  it('of a used-up quota are known as such', async () => {
    const { apiKey } = await product.addOrganization({ eventQuota: 0 });
    const error = await failure<errors.MastGuardRateLimitError>(counted({ apiKey }).governance.ingest({ agentId: 'a', action: 'look_up' }));
    expect([error.name, error.quota, attempts]).toEqual(['MastGuardRateLimitError', true, [0]]);
    expect(error.retryAfterMs).toBeGreaterThan(0);
  });
});

test('every operation of the generated types has been called above, on the document that the server shows', async () => {
  const { body } = await product.call<{ paths: Record<string, object> }>('GET', '/api/v1/openapi.json');
  const generator: string = '../../../sdk/compliance/generate-types.mjs';
  const { typesOf } = (await import(generator)) as { typesOf: (document: unknown) => string };
  const operations = [...typesOf(body).matchAll(/^ {2}'([A-Z]+ [^']+)': /gm)].map(([, operation]) => operation);
  expect(operations.length).toBeGreaterThan(20);
  expect([...answered].toSorted()).toEqual(operations);
});
