import { randomUUID } from 'node:crypto';
import { sha256Hex } from '../../activities/settlement.ts';
import { actionDigest } from '../../core/decision/action-digest.ts';
import { verifyLedger } from '../../db/verify-ledger.ts';
import type { Alert } from '../../schemas/alert.ts';
import type { Decision } from '../../schemas/decision.ts';
import type { Erasure } from '../../schemas/erasure.ts';
import type { EventDetail } from '../../schemas/event-views.ts';
import type { GovernanceEvent } from '../../schemas/event.ts';
import type { PolicySet } from '../../schemas/policy.ts';
import type { Problem } from '../../schemas/problem.ts';
import type { Review } from '../../schemas/review.ts';
import { createPayloadCodec } from '../../workers/payload-codec.ts';
import { runsHolding, tablesHolding } from '../support/personal-traces.ts';
import { startTestProduct, type TestProduct } from '../support/product.ts';
import { until } from '../support/until.ts';

const ERASURES = '/api/v1/audit/erasures';
const LEVEL = { reviewers: { roles: ['Reviewer' as const] }, withinMs: 600_000 };
const rule = (action: string, effect: PolicySet['rules'][number]['effect'], more: object = {}): PolicySet['rules'][number] => ({
  id: action,
  priority: 10,
  when: { actions: [action] },
  effect,
  reason: `rule of ${action}`,
  ...more,
});
const POLICY: PolicySet = {
  rules: [
    rule('ask', 'hitl', { review: { levels: [{ ...LEVEL, quorum: 2 }], allowEdit: true } }),
    rule('ask-one', 'hitl', { review: { levels: [LEVEL], allowEdit: true } }),
    rule('flagged', 'alert'),
    rule('attested', 'allow', { attestWithinMs: 600_000 }),
    rule('forbidden', 'block'),
  ],
};

let product: TestProduct;
beforeAll(async () => {
  product = await startTestProduct({ roles: ['api', 'decision', 'hitl', 'maintenance'], policy: POLICY });
  for (const name of ['ann', 'bob', 'cid']) await product.keyOfMember(name, 'Reviewer');
});
afterAll(() => product.stop());

const post = <T>(path: string, body: unknown, key?: string) => product.call<T>('POST', path, { body, ...(key === undefined ? {} : { key }) });
const get = <T>(path: string) => product.call<T>('GET', path);
const asReviewer = async (name: string) => product.keyOfMember(name, 'Reviewer');
const erase = (subject: object, more: object = {}) =>
  post<Erasure & Pick<Problem, 'code'> & { refusal?: string; holds?: string[] }>(ERASURES, { subject, legalGround: 'objection', ...more });
const finished = (id: string, key = product.apiKey): Promise<Erasure> =>
  until(async () => {
    const { body } = await product.call<Erasure>('GET', `${ERASURES}/${id}`, { key });
    return body.status !== 'running' && body;
  }, 170_000);
const auditTypes = async (): Promise<string[]> =>
  product.sql.begin(async (tx) => {
    await tx`select set_config('mg.org_id', ${product.orgId}, true)`;
    const rows = await tx<{ type: string }[]>`select type from audit_records where org_id = ${product.orgId} order by seq`;
    return rows.map(({ type }) => type);
  });
const tracesInTemporal = (text: string): Promise<string[]> => runsHolding(product.temporal, createPayloadCodec(product.config.masterKey), text);

/** An event with the text wherever an event may hold one. */
function eventAbout(user: string, text: string, fields: Partial<GovernanceEvent> = {}): GovernanceEvent {
  return {
    id: randomUUID(),
    agentId: 'clerk',
    action: 'read',
    content: `content ${text}`,
    intent: `intent ${text}`,
    metadata: { note: text },
    principal: { user },
    resource: { type: 'file', id: `file-${text}`, path: `/home/${text}`, ownerUser: user },
    tool: { name: 'read', args: { note: text, [`${text}@example.com`]: [text] } },
    ...fields,
  };
}

/** Everything that can be written about a person through the API; answers the events and the reviews. */
async function fillWith(user: string, text: string): Promise<{ events: GovernanceEvent[]; decisions: Decision[]; pending: string; edited: string }> {
  const events: GovernanceEvent[] = [];
  const decisions: Decision[] = [];
  const decide = async (fields: Partial<GovernanceEvent>): Promise<Decision> => {
    const event = eventAbout(user, text, fields);
    events.push(event);
    const decision = await product.decide(event);
    decisions.push(decision);
    return decision;
  };
  const review = async (action: string): Promise<string> => (await decide({ action })).review?.id ?? '';
  const vote = async (id: string, name: string, body: object) => {
    const answer = await post<Review>(`/api/v1/hitl/reviews/${id}/decision`, body, await asReviewer(name));
    expect(answer.status).toBe(200);
    return answer.body;
  };

  await decide({});
  await decide({ action: 'forbidden' });
  await decide({ sessionId: `ses-${randomUUID()}` });
  const edited = await review('ask-one');
  await vote(edited, 'ann', { verb: 'edit', reason: `edited ${text}`, args: { note: `edited ${text}` } });
  await vote(await review('ask-one'), 'ann', { verb: 'respond', message: `dear ${text}`, reason: text });
  const withdrawn = await review('ask-one');
  await post(`/api/v1/hitl/reviews/${withdrawn}/withdraw`, { reason: `no more ${text}` });
  const pending = await review('ask');
  await vote(pending, 'ann', { verb: 'approve', reason: `why not, ${text}` });
  const batched = await review('ask');
  await post('/api/v1/hitl/decisions', { decisions: [{ reviewId: batched, verb: 'reject', reason: `batch ${text}` }] }, await asReviewer('bob'));
  await post(
    '/api/v1/hitl/grants',
    {
      agentId: 'clerk',
      tool: 'read',
      bounds: { note: { enum: [text] } },
      maxUses: 1,
      reason: `grant ${text}`,
      reviewId: edited,
      expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    },
    await asReviewer('bob'),
  );
  await decide({ action: 'flagged' });
  await decide({ action: 'flagged' });
  const alerts = (await get<{ data: Alert[] }>('/api/v1/alerts')).body.data;
  await post(`/api/v1/alerts/${alerts[0]?.id}/dismiss`, { note: `dismissed ${text}` }, await asReviewer('ann'));
  await post(`/api/v1/alerts/${alerts[1]?.id}/escalate`, { note: `escalated ${text}` }, await asReviewer('ann'));
  const attested = await decide({ action: 'attested' });
  await post(`/api/v1/governance/events/${attested.eventId}/outcome`, { outcome: 'failed', detail: `detail ${text}` });
  const observed = eventAbout(user, text);
  await post('/api/v1/governance/events/batch', { events: [observed, eventAbout('somebody.else@example.com', 'nothing')] });
  return { events: [...events, observed], decisions, pending, edited };
}

test('after an erasure nothing of a person is found in any table or any history, while every hash, decision and proof is as before', async () => {
  const text = `mk${randomUUID().replaceAll('-', '')}`;
  const user = `${text}.person@example.com`;
  const { events, decisions, pending, edited } = await fillWith(user, text);

  // Sealed, it stands readable nowhere to begin with; but it can be opened, and Temporal has it.
  expect(await tablesHolding(product.adminUrl, text)).toEqual(['public.approval_grant']);
  const before = (await get<EventDetail>(`/api/v1/governance/events/${events[0]?.id}`)).body;
  expect(before).toMatchObject({ event: events[0], erased: false });
  expect((await get<Review>(`/api/v1/hitl/reviews/${edited}`)).body).toMatchObject({ args: { note: `edited ${text}` }, erased: false });
  // Its list of runs lags behind them.
  await until(async () => {
    const runs = await tracesInTemporal(text);
    return ['gov/', 'obs/', 'bat/'].every((prefix) => runs.some((id) => id.startsWith(prefix)));
  });
  const { entries } = await verifyLedger(product.sql, product.orgId);

  const { status, body: erasure, headers } = await erase({ user: ` ${user.toUpperCase()} ` }, { reference: 'case-17' });
  expect([status, headers.get('location')]).toEqual([202, `${ERASURES}/${erasure.id}`]);
  expect(erasure).toMatchObject({
    subject: { kind: 'user' },
    legalGround: 'objection',
    reference: 'case-17',
    status: 'running',
    keysDestroyed: 1,
    finishedAt: null,
  });
  expect(erasure.touched.events).toBe(events.length);
  expect(erasure.touched.reviewSteps).toBeGreaterThanOrEqual(5);
  expect(Date.parse(erasure.backupsExpireAt) - Date.parse(erasure.requestedAt)).toBe(7 * 86_400_000);

  // At once, whatever has become of the histories.
  expect((await get<EventDetail>(`/api/v1/governance/events/${events[0]?.id}`)).body).toEqual({
    ...before,
    erased: true,
    event: { id: events[0]?.id, agentId: 'clerk', action: 'read', principal: {}, resource: { type: 'file' }, tool: { name: 'read' } },
  });
  const gone = (await get<Review>(`/api/v1/hitl/reviews/${edited}`)).body;
  expect(gone).toMatchObject({ status: 'approved', erased: true, args: null, actionDigest: null });
  expect(JSON.stringify(gone)).not.toContain(text);

  const done = await finished(erasure.id);
  expect(done).toMatchObject({ status: 'completed', progress: { percent: 100 } });
  expect(Date.parse(done.historiesGoneAt ?? '')).toBeLessThanOrEqual(Date.now());
  expect(await tablesHolding(product.adminUrl, text)).toEqual([]);
  expect(await tracesInTemporal(text)).toEqual([]);

  // What nobody can read any more nobody decides.
  expect((await get<Review>(`/api/v1/hitl/reviews/${pending}`)).body).toMatchObject({ status: 'refused', erased: true });
  const after = await verifyLedger(product.sql, product.orgId);
  expect(after.findings).toEqual([]);
  expect(after.entries).toBeGreaterThan(entries);
  expect((await auditTypes()).filter((type) => type.startsWith('erasure.'))).toEqual(['erasure.recorded', 'erasure.completed']);

  // A retry is answered with the decision that was given, to the byte.
  for (const [index, decision] of decisions.entries()) expect(await product.decide(events[index] ?? {})).toEqual(decision);
}, 300_000);

test('what is erased cannot be acted on, nor judged, nor brought back', async () => {
  const user = `${randomUUID()}@example.com`;
  const event = eventAbout(user, 'text', { action: 'ask-one' });
  const { review } = await product.decide(event);
  await post(`/api/v1/hitl/reviews/${review?.id}/decision`, { verb: 'approve' }, await asReviewer('ann'));
  await product.decide(eventAbout(user, 'text', { action: 'flagged' }));
  const alert = (await get<{ data: Alert[] }>('/api/v1/alerts')).body.data.find(({ status }) => status === 'open');
  const { body: erasure } = await erase({ user });

  const digest = actionDigest(event, 'pol_test@1', sha256Hex);
  const consumed = await post<Problem & { refusal: string }>(`/api/v1/hitl/reviews/${review?.id}/consume`, { digest });
  expect([consumed.status, consumed.body.code, consumed.body.refusal]).toEqual([409, 'approval-refused', 'erased']);
  expect((await post<Problem>(`/api/v1/alerts/${alert?.id}/escalate`, {}, await asReviewer('ann'))).status).toBe(409);
  expect((await post<Alert>(`/api/v1/alerts/${alert?.id}/dismiss`, { note: 'seen' }, await asReviewer('ann'))).body).toMatchObject({
    status: 'dismissed',
    note: 'seen',
  });

  // What was said since is new data: asked again, it goes as well, in an erasure of its own.
  const again = await erase({ user });
  expect([again.status, again.body.id === erasure.id]).toEqual([202, false]);
  expect((await get<Alert>(`/api/v1/alerts/${alert?.id}`)).body.note).toBeNull();
  // Nothing is left, so the same one is answered once more.
  expect(await erase({ user })).toMatchObject({ status: 200, body: { id: again.body.id } });
});

test('a new event of the same person is recorded and read, whatever was erased before', async () => {
  const user = `${randomUUID()}@example.com`;
  await product.decide(eventAbout(user, 'old'));
  await erase({ user });
  const event = eventAbout(user, 'new');
  await product.decide(event);
  expect((await get<EventDetail>(`/api/v1/governance/events/${event.id}`)).body).toMatchObject({ event, erased: false });
});

test('data of a session, and of an event that names nobody, are erased by their ids; those of a named user are not', async () => {
  const sessionId = `ses-${randomUUID()}`;
  const inSession: GovernanceEvent = { id: randomUUID(), agentId: 'clerk', action: 'read', sessionId, content: 'said in a session' };
  const alone: GovernanceEvent = { id: randomUUID(), agentId: 'clerk', action: 'read', content: 'said by nobody' };
  const named = eventAbout(`${randomUUID()}@example.com`, 'text', { sessionId });
  for (const event of [inSession, alone, named]) await product.decide(event);
  const isErased = async ({ id }: GovernanceEvent) => (await get<EventDetail>(`/api/v1/governance/events/${id}`)).body.erased;

  expect((await erase({ sessionId })).status).toBe(202);
  expect([await isErased(inSession), await isErased(alone), await isErased(named)]).toEqual([true, false, false]);
  expect((await erase({ eventId: alone.id })).status).toBe(202);
  expect([await isErased(alone), await isErased(named)]).toEqual([true, false]);
  const refused = await erase({ eventId: named.id });
  expect([refused.status, refused.body.code, refused.body.refusal]).toEqual([409, 'erasure-refused', 'kept-for-another']);
});

test('what is refused is on record, and nothing is erased', async () => {
  const user = `${randomUUID()}@example.com`;
  const event = eventAbout(user, 'held');
  await product.decide(event);
  const before = (await auditTypes()).filter((type) => type === 'erasure.refused').length;
  const refusals = [await erase({ user }, { legalGround: 'other' }), await erase({ user: 'never.met@example.com' })];
  expect(refusals.map(({ status, body }) => [status, body.code, body.refusal])).toEqual([
    [409, 'erasure-refused', 'no-legal-ground'],
    [409, 'erasure-refused', 'nothing-held'],
  ]);
  expect((await auditTypes()).filter((type) => type === 'erasure.refused')).toHaveLength(before + 2);
  expect((await get<EventDetail>(`/api/v1/governance/events/${event.id}`)).body.erased).toBe(false);
  expect((await erase({ user }, { legalGround: 'other', groundText: 'a court has ordered it' })).status).toBe(202);
});

test('what a refused event has left in Temporal goes as well, though no record leads to it', async () => {
  const text = `mk${randomUUID().replaceAll('-', '')}`;
  const user = `${text}@example.com`;
  const small = await product.addOrganization({ eventQuota: 1 });
  expect((await post('/api/v1/governance/events', eventAbout(user, 'first'), small.apiKey)).status).toBe(200);
  expect((await post('/api/v1/governance/events', eventAbout(user, text), small.apiKey)).status).toBe(429);
  await until(async () => (await tracesInTemporal(text)).length === 2);
  const { body } = await post<Erasure>(ERASURES, { subject: { user }, legalGround: 'consent-withdrawn' }, small.apiKey);
  expect((await finished(body.id, small.apiKey)).status).toBe('completed');
  expect(await tracesInTemporal(text)).toEqual([]);
}, 300_000);

test('histories that are not gone can be left to their own retention, and taken up again', async () => {
  const user = `${randomUUID()}@example.com`;
  // It waits for a report, so its run stays open for a while.
  await product.decide(eventAbout(user, 'text', { action: 'attested' }));
  const { body: erasure } = await erase({ user });
  expect((await get<Erasure>(`${ERASURES}/${erasure.id}`)).body.status).toBe('running');
  const cancelled = await post<Erasure>(`${ERASURES}/${erasure.id}/cancel`, undefined);
  expect(cancelled).toMatchObject({ status: 200, body: { status: 'cancelled' } });
  expect(await erase({ user })).toMatchObject({ status: 200, body: { id: erasure.id, status: 'running' } });
  expect((await get<{ data: Erasure[] }>(`${ERASURES}?limit=1`)).body.data).toMatchObject([{ id: erasure.id }]);
  expect((await get(`${ERASURES}/era_none`)).status).toBe(404);
});
