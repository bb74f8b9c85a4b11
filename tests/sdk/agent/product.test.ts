import { AuditLogger } from '../../../sdk/agent/src/audit-logger.ts';
import { MastGuardBlockedError } from '../../../sdk/agent/src/blocked-error.ts';
import { reconcile } from '../../../sdk/agent/src/reconcile.ts';
import { MastGuardShield } from '../../../sdk/agent/src/shield.ts';
import type { ShieldOptions } from '../../../sdk/agent/src/shield-options.ts';
import { MastGuardClient } from '../../../sdk/compliance/src/client.ts';
import type { PolicySet } from '../../../schemas/policy.ts';
import { type AnswerLosingProxy, startAnswerLosingProxy } from '../../support/answer-losing-proxy.ts';
import { patientFetch } from '../../support/patient-fetch.ts';
import { type PausableProxy, startPausableProxy } from '../../support/pausable-proxy.ts';
import { startTestProduct, type TestProduct } from '../../support/product.ts';
import { until } from '../../support/until.ts';

const LEVEL = { reviewers: { roles: ['Reviewer' as const] }, withinMs: 600_000 };
const POLICY: PolicySet = {
  rules: [
    { id: 'refunds', priority: 10, when: { actions: ['refund'] }, effect: 'hitl', review: { levels: [LEVEL], allowEdit: true }, reason: 'people decide' },
    { id: 'never', priority: 10, when: { actions: ['wipe'] }, effect: 'block', reason: 'never' },
    { id: 'payments', priority: 10, when: { actions: ['pay'] }, effect: 'allow', attestWithinMs: 600_000, reason: 'reported on' },
  ],
};
/** Long enough for a busy machine: what these tests are about is not speed. */
const DEADLINE_MS = 120_000;

let product: TestProduct;
let proxy: PausableProxy;
let losing: AnswerLosingProxy;
let mg: MastGuardClient;
let reviewer: MastGuardClient;
beforeAll(async () => {
  product = await startTestProduct({ policy: POLICY });
  [proxy, losing] = await Promise.all([startPausableProxy(product.apiUrl), startAnswerLosingProxy(product.apiUrl)]);
  mg = clientOf(product.apiKey);
  reviewer = clientOf(await product.keyOfMember('ann', 'Reviewer'));
});
afterAll(async () => {
  await Promise.all([proxy.close(), losing.close()]);
  await product.stop();
});

const clientOf = (apiKey: string, baseUrl = product.apiUrl) => new MastGuardClient({ apiKey, baseUrl, fetch: patientFetch });
const shieldWith = ({ baseUrl, ...options }: ShieldOptions = {}) =>
  new MastGuardShield({ client: clientOf(product.apiKey, baseUrl), agentId: 'treasury', deadlineMs: DEADLINE_MS, onUnavailable: 'block', ...options });
const eventsOf = async (agentId: string) => {
  const found = [];
  for await (const event of mg.governance.events.list({ agentId })) found.push(event);
  return found.toSorted((a, b) => a.seq - b.seq);
};
const pendingReview = () =>
  until(async () => {
    for await (const review of reviewer.hitl.queue()) return review;
    return undefined;
  });

test('what is allowed runs, what is not does not, and the chain in the process agrees with the ledger', async () => {
  const audit = new AuditLogger();
  const shield = shieldWith({ audit, sessionId: 'ses_agree' });
  const ran: string[] = [];
  const tool = (name: string) => shield.protect(({ item }: { item: string }) => void ran.push(`${name} ${item}`), { name, result: 'ignore' });
  await tool('look_up')({ item: 'a' });
  await expect(tool('wipe')({ item: 'b' })).rejects.toMatchObject({ decision: { value: 'BLOCK', source: 'server', policy: { ruleId: 'never' } } });
  expect(ran).toEqual(['look_up a']);
  expect(AuditLogger.verify(audit.entries)).toEqual([]);
  const progress: number[] = [];
  expect(await reconcile(mg, audit.entries, { onProgress: ({ done }) => progress.push(done) })).toEqual({ agrees: 2, delivered: 0, missing: [], differs: [] });
  expect(progress).toEqual([1, 2]);

  // Whoever changes what was answered, on either side, is found out.
  const [first, second] = audit.entries;
  if (first === undefined || second === undefined) throw new Error('two entries were expected');
  const forged = { ...second, value: 'ALLOW' as const };
  const unknown = { ...first, eventId: 'evt_never_sent' };
  expect(await reconcile(mg, [forged, unknown])).toMatchObject({ agrees: 0, differs: [forged], missing: [unknown] });
});

test('an approved action runs once, with the arguments that the reviewer has left in it', async () => {
  const shield = shieldWith();
  const paid: unknown[] = [];
  // What it answers is judged as well, and asks nobody again.
  const refund = shield.protect((args: { amount: number; order: string }) => ({ payments: paid.push(args) }), { name: 'refund' });
  const running = refund({ amount: 500, order: 'A-17' });
  const review = await pendingReview();
  expect(paid).toEqual([]);
  await reviewer.hitl.decide(review.id, { verb: 'edit', args: { amount: 50, order: 'A-17' } });
  await running;
  expect(paid).toEqual([{ amount: 50, order: 'A-17' }]);

  // Heard from the start: it may be refused before the reviewer's own answer is here.
  const again = expect(refund({ amount: 500, order: 'A-17' })).rejects.toBeInstanceOf(MastGuardBlockedError);
  const second = await pendingReview();
  expect(second.id).not.toBe(review.id);
  await reviewer.hitl.decide(second.id, { verb: 'reject', reason: 'enough' });
  await again;
  expect(paid).toHaveLength(1);
});

test('how an action went is told where its rule asks for it', async () => {
  const shield = shieldWith({ agentId: 'payer' });
  const pay = shield.protect(({ to }: { to: string }) => (to === 'nobody' ? Promise.reject(new Error('no such account')) : 'done'), {
    name: 'pay',
    result: 'ignore',
  });
  await pay({ to: 'ann' });
  await expect(pay({ to: 'nobody' })).rejects.toThrow('no such account');
  const outcomes = await until(async () => {
    const rows = await product.sql.begin(async (tx) => {
      await tx`select set_config('mg.org_id', ${product.orgId}, true)`;
      return tx<{ status: string }[]>`select status from event_outcome where org_id = ${product.orgId} and status <> 'waiting' order by status`;
    });
    return rows.length === 2 ? rows.map(({ status }) => status) : undefined;
  });
  expect(outcomes).toEqual(['executed', 'failed']);
});

test('while MastGuard is away the fail mode decides, and everything arrives later: in order, once', async () => {
  const agentId = 'away';
  const audit = new AuditLogger();
  const shield = shieldWith({ baseUrl: proxy.url, agentId, onUnavailable: 'allow', audit });
  const step = (n: number) => shield.permit({ id: `evt_away_${n}`, action: `step_${n}` });
  expect((await step(0)).decision.source).toBe('server');
  // Its port stays its own.
  proxy.drop();
  try {
    for (let n = 1; n <= 12; n += 1) expect((await step(n)).decision).toMatchObject({ value: 'ALLOW', source: 'fail-mode' });
  } finally {
    proxy.restore();
  }
  expect(await shield.flush({ timeoutMs: 60_000 })).toEqual({ waiting: 0 });
  expect((await eventsOf(agentId)).map(({ eventId }) => eventId)).toEqual(Array.from({ length: 13 }, (_, n) => `evt_away_${n}`));
  expect(await reconcile(mg, audit.entries)).toEqual({ agrees: 1, delivered: 12, missing: [], differs: [] });
  expect((await mg.governance.events.get('evt_away_0')).mode).toBe('governed');
  expect((await mg.governance.events.get('evt_away_1')).mode).toBe('observed');
});

test('an answer that was lost is no second event: the decision of the server stands, and the fail mode is told beside it', async () => {
  const shield = shieldWith({ baseUrl: losing.url, agentId: 'lost', onUnavailable: 'allow' });
  // As often as it asks while there is time.
  losing.lose(3);
  expect((await shield.permit({ id: 'evt_lost', action: 'wipe' })).decision).toMatchObject({ value: 'ALLOW', source: 'fail-mode' });
  expect(await shield.flush({ timeoutMs: 60_000 })).toEqual({ waiting: 0 });
  expect(losing.lost).toBe(3);
  const events = await eventsOf('lost');
  expect(events.map(({ eventId }) => eventId)).toEqual(['evt_lost']);
  expect((await mg.governance.events.get('evt_lost')).decision.value).toBe('BLOCK');
});
