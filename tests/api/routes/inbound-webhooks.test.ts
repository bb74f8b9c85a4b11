import { randomUUID } from 'node:crypto';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { type Answer, startApi, type TestApi } from '../../support/api.ts';
import { openTestPool } from '../../support/database.ts';
import { until } from '../../support/until.ts';

const SECRETS = '/api/v1/webhooks/inbound-secrets';
let api: TestApi;
let secret: { id: string; secret: string };
beforeAll(async () => {
  api = await startApi();
  for (const [id, role] of [
    ['ann', 'Reviewer'],
    ['bob', 'Reviewer'],
    ['vic', 'Viewer'],
    ['ada', 'Admin'],
  ] as const) {
    await api.newMember({ id, role });
  }
  secret = await newSecret({ members: ['ann', 'vic'] });
});
afterAll(() => api.stop());
beforeEach(() => {
  Object.assign(api.clock, { offsetMs: 0, stoppedAtMs: null });
  api.runtime.plan = { levels: [{ reviewers: { roles: ['Reviewer'] }, withinMs: 3_600_000 }], outcome: 'block' };
});

async function newSecret(body: object = {}, key = api.ownerKey): Promise<{ id: string; secret: string; url: string }> {
  const answer = await api.call('POST', SECRETS, { key, body: { name: 'chat', ...body } });
  expect(answer.status).toBe(201);
  return answer.body;
}

interface Sending {
  id?: string;
  at?: Date;
  fromNowMs?: number;
  key?: string;
  orgId?: string;
  Webhook?: typeof StandardWebhook | typeof SvixWebhook;
  headers?: Record<string, string>;
}

const send = (
  body: unknown,
  {
    id = `msg_${randomUUID()}`,
    fromNowMs = 0,
    at = new Date(Date.now() + fromNowMs),
    key = secret.secret,
    orgId = api.orgId,
    Webhook = StandardWebhook,
    headers = {},
  }: Sending = {},
) => {
  const raw = typeof body === 'string' ? body : JSON.stringify(body);
  return api.call('POST', `/api/v1/webhooks/${orgId}/inbound`, {
    raw,
    headers: {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': new Webhook(key).sign(id, at, raw),
      ...headers,
    },
  });
};

async function ask(key = api.ownerKey): Promise<{ eventId: string; reviewId: string }> {
  const { body } = await api.call('POST', '/api/v1/governance/events', { key, body: { agentId: 'a', action: 'ask' } });
  return { eventId: body.eventId, reviewId: body.review.id };
}
const decision = (reviewId: string, data: object = {}) => ({ type: 'review.decision', data: { reviewId, memberId: 'ann', verb: 'approve', ...data } });
const ticket = (eventId: string) => ({ type: 'ticket.closed', data: { ticketId: 'T-17', eventId, resolution: 'done' } });
const review = async (id: string) => (await api.call('GET', `/api/v1/hitl/reviews/${id}`, { key: api.ownerKey })).body;
const recorded = async (type: string) =>
  (await api.call('GET', `/api/v1/audit/entries?limit=200&type=${type}`, { key: api.ownerKey })).body.data as { body: string }[];

describe('a review is decided from another tool', () => {
  it.each([
    ['standardwebhooks', StandardWebhook],
    ['svix', SvixWebhook],
  ])('with a message that %s has signed, in the name of a member that the secret names', async (_library, Webhook) => {
    const { reviewId } = await ask();
    const { status, body } = await send(decision(reviewId, { reason: 'known customer' }), { Webhook });
    expect(status).toBe(200);
    expect(body).toMatchObject({ type: 'review.decision', duplicate: false, reviewStatus: 'approved' });
    expect(await review(reviewId)).toMatchObject({
      status: 'approved',
      steps: [{ step: 'approve', actor: 'ann', reason: 'known customer', via: `webhook:${secret.id}` }],
    });
  });

  it('once, however often it is delivered, and on record once; the reason is not in that record', async () => {
    const { reviewId } = await ask();
    const message = decision(reviewId, { verb: 'reject', reason: 'very private' });
    const id = `msg_${randomUUID()}`;
    const answers = await Promise.all([1, 2, 3].map(() => send(message, { id })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(answers.filter(({ body }) => body.duplicate === false)).toHaveLength(1);
    expect((await send(message, { id, at: new Date(Date.now() + 60_000) })).body).toMatchObject({ duplicate: true, reviewStatus: 'rejected' });
    expect((await review(reviewId)).steps).toHaveLength(1);
    const records = (await recorded('webhook.received')).filter(({ body }) => body.includes(id));
    expect(records).toHaveLength(1);
    expect(records[0]?.body).not.toContain('very private');
  });

  it('never by somebody it does not name, who may not decide, or who asked for it', async () => {
    const { reviewId } = await ask();
    expect((await send(decision(reviewId, { memberId: 'bob' }))).body).toMatchObject({
      code: 'not-permitted',
      detail: 'this secret does not speak for that member',
    });
    expect((await send(decision(reviewId, { memberId: 'vic' }))).body.code).toBe('not-permitted');
    api.runtime.plan = { levels: [{ reviewers: { roles: ['Admin'] }, withinMs: 3_600_000 }], outcome: 'block' };
    const admins = await newSecret({ members: ['ada'] });
    const asked = await ask((await api.newKey({ memberId: 'ada' })).key);
    expect((await send(decision(asked.reviewId, { memberId: 'ada' }), { key: admins.secret })).body).toMatchObject({
      code: 'not-permitted',
      refusal: 'own-request',
    });
    for (const id of [reviewId, asked.reviewId]) expect(await review(id)).toMatchObject({ status: 'pending', steps: [] });
    expect((await recorded('webhook.refused')).map(({ body }) => JSON.parse(body).details.refusal)).toContain('member-not-named');
  });

  it('not any more where it is decided, and never where the action is another one', async () => {
    const { reviewId } = await ask();
    expect((await send(decision(reviewId, { digest: '0'.repeat(64) }))).status).toBe(409);
    expect((await send(decision(reviewId))).status).toBe(200);
    expect((await send(decision(reviewId, { verb: 'reject' }))).body).toMatchObject({ code: 'review-decided', reviewStatus: 'approved' });
    expect((await send(decision('rev_none'))).body.errors).toEqual([{ pointer: '/data/reviewId', detail: 'no such review' }]);
  });

  it('after all, where the first try was cut off', async () => {
    const { reviewId } = await ask();
    const id = `msg_${randomUUID()}`;
    api.runtime.failWith(new Error('cut off'));
    expect((await send(decision(reviewId), { id })).status).toBe(500);
    api.runtime.failWith(null);
    expect((await send(decision(reviewId), { id })).body).toMatchObject({ duplicate: true, reviewStatus: 'approved' });
    expect((await review(reviewId)).steps).toHaveLength(1);
  });
});

describe('a closed ticket', () => {
  it('is on record beside its event, once, and changes nothing', async () => {
    const { eventId, reviewId } = await ask();
    const id = `msg_${randomUUID()}`;
    expect((await send(ticket(eventId), { id })).body).toEqual({ messageId: id, type: 'ticket.closed', duplicate: false, reviewStatus: null });
    expect((await send(ticket(eventId), { id })).body.duplicate).toBe(true);
    const { body } = await api.call('GET', `/api/v1/audit/entries?eventId=${eventId}`, { key: api.ownerKey });
    const tickets = (body.data as { body: string }[]).map((entry) => JSON.parse(entry.body)).filter(({ type }) => type === 'ticket.closed');
    expect(tickets).toMatchObject([{ actor: `webhook:${secret.id}`, target: eventId, details: { ticketId: 'T-17', resolution: 'done' } }]);
    expect((await review(reviewId)).status).toBe('pending');
  });

  it('about an event that is not on record is refused, and taken once it is', async () => {
    const id = `msg_${randomUUID()}`;
    const eventId = `evt_${randomUUID()}`;
    expect((await send(ticket(eventId), { id })).body.errors).toEqual([{ pointer: '/data/eventId', detail: 'no such event' }]);
    await api.call('POST', '/api/v1/governance/events', { key: api.ownerKey, body: { id: eventId, agentId: 'a', action: 'look' } });
    expect((await send(ticket(eventId), { id })).body).toMatchObject({ duplicate: false });
  });
});

describe('a message is refused', () => {
  it.each([
    ['signed by nobody we know', { key: `whsec_${Buffer.alloc(32, 9).toString('base64')}` }],
    ['too old', { fromNowMs: -310_000 }],
    ['too new', { fromNowMs: 310_000 }],
    ['to an organisation that is not there', { orgId: randomUUID() }],
    ['without a signature', { headers: { 'webhook-signature': '' } }],
    ['under another id than was signed', { headers: { 'webhook-id': 'msg_other' } }],
  ])('with the same answer where it is %s', async (_what, sending) => {
    const { reviewId } = await ask();
    const { status, body } = await send(decision(reviewId), sending);
    expect(status).toBe(401);
    expect(body).toMatchObject({ code: 'unauthenticated', detail: 'no valid signature of this organisation, or too old' });
    expect((await review(reviewId)).status).toBe('pending');
  });

  it('whose headers are missing, whatever key comes with it', async () => {
    const { reviewId } = await ask();
    const answer = await api.call('POST', `/api/v1/webhooks/${api.orgId}/inbound`, { key: api.ownerKey, body: decision(reviewId) });
    expect(answer.status).toBe(401);
  });

  it('where one byte of the body is another one', async () => {
    const { reviewId } = await ask();
    const at = new Date();
    const id = `msg_${randomUUID()}`;
    const raw = JSON.stringify(decision(reviewId, { verb: 'reject' }));
    const signature = new StandardWebhook(secret.secret).sign(id, at, raw);
    const changed = raw.replace('"verb":"reject"', '"verb":"approve"');
    expect(changed).not.toBe(raw);
    expect((await send(changed, { id, at, headers: { 'webhook-signature': signature } })).status).toBe(401);
  });

  it.each([
    ['an unknown type', { type: 'invoice.paid', data: {} }, '/type'],
    ['no type', { data: {} }, '/type'],
    ['a member too many', { type: 'ticket.closed', data: { ticketId: 'T', eventId: 'e', resolution: 'done', note: 'x' } }, '/data/note'],
    ['a verb that chats do not have', { type: 'review.decision', data: { reviewId: 'r', memberId: 'ann', verb: 'break-glass' } }, '/data/verb'],
  ])('with 422 and on record where it has %s', async (_what, message, pointer) => {
    const id = `msg_${randomUUID()}`;
    for (let times = 0; times < 2; times += 1) {
      const { status, body } = await send(message, { id });
      expect(status).toBe(422);
      expect(body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
    }
    const records = (await recorded('webhook.refused')).map(({ body }) => JSON.parse(body)).filter(({ target }) => target === id);
    expect(records).toMatchObject([{ actor: `webhook:${secret.id}`, details: { refusal: 'not-understood' } }]);
  });

  it.each(['msg with blanks', 'x'.repeat(129)])('with 422 where its id is %j', async (id) => {
    const { eventId } = await ask();
    const { status, body } = await send(ticket(eventId), { id });
    expect([status, body.errors]).toEqual([422, [{ pointer: '/webhook-id', detail: 'not an id', in: 'header' }]]);
  });

  it('where the id stands for another message', async () => {
    const { eventId } = await ask();
    const id = `msg_${randomUUID()}`;
    expect((await send(ticket(eventId), { id })).status).toBe(200);
    expect((await send({ ...ticket(eventId), timestamp: '2030-01-01T00:00:00Z' }, { id })).body.code).toBe('id-reused');
  });
});

describe('a secret', () => {
  it('is shown once; several are good at the same time; one that is revoked or over is not', async () => {
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const [older, newer] = [await newSecret({ members: ['ann'] }), await newSecret({ members: ['ann'], expiresAt })];
    expect(newer.url).toBe(`${api.baseUrl}/api/v1/webhooks/${api.orgId}/inbound`);
    const listed = await api.call('GET', `${SECRETS}?limit=200`, { key: api.ownerKey });
    expect(listed.text).not.toContain('whsec_');
    expect((listed.body.data as { id: string }[]).map(({ id }) => id)).toEqual(expect.arrayContaining([older.id, newer.id]));
    const { eventId } = await ask();
    for (const { secret: key } of [older, newer]) expect((await send(ticket(eventId), { key })).status).toBe(200);
    for (let times = 0; times < 2; times += 1) expect((await api.call('DELETE', `${SECRETS}/${older.id}`, { key: api.ownerKey })).status).toBe(204);
    expect((await send(ticket(eventId), { key: older.secret })).status).toBe(401);
    const admin = openTestPool({ url: api.database.adminUrl, maxConnections: 1 });
    await admin`update webhook_inbound_secret set expires_at = now() where id = ${newer.id}`;
    await admin.end();
    expect((await send(ticket(eventId), { key: newer.secret })).status).toBe(401);
    expect((await api.call('DELETE', `${SECRETS}/whi_none`, { key: api.ownerKey })).status).toBe(404);
  });

  it('is tried on every message: of two that are made at once, none is one too many', async () => {
    const orgId = await api.newOrganization();
    const { key } = await api.newKey({ orgId });
    const oldest = await newSecret({}, key);
    for (let made = 1; made < 19; made += 1) await newSecret({}, key);
    const admin = openTestPool({ url: api.database.adminUrl, maxConnections: 2 });
    const making: Promise<Answer>[] = [];
    await admin.begin(async (tx) => {
      await tx`select 1 from ledger_head where org_id = ${orgId} for update`;
      for (let at = 0; at < 2; at += 1) making.push(api.call('POST', SECRETS, { key, body: { name: 'chat' } }));
      await until(
        async () => (await admin`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`).length === making.length,
      );
    });
    const statuses = (await Promise.all(making)).map(({ status }) => String(status));
    await admin.end();
    expect(statuses.toSorted()).toEqual(['201', '409']);
    const { eventId } = await ask(key);
    expect((await send(ticket(eventId), { key: oldest.secret, orgId })).status).toBe(200);
  });

  it('takes its votes with it where the review still waits', async () => {
    api.runtime.plan = { levels: [{ reviewers: { roles: ['Reviewer'] }, quorum: 2, withinMs: 3_600_000 }], outcome: 'block' };
    const { reviewId } = await ask();
    const short = await newSecret({ members: ['ann'] });
    expect((await send(decision(reviewId), { key: short.secret })).body.reviewStatus).toBe('pending');
    expect((await review(reviewId)).votes).toHaveLength(1);
    await api.call('DELETE', `${SECRETS}/${short.id}`, { key: api.ownerKey });
    expect(await review(reviewId)).toMatchObject({ status: 'pending', votes: [], steps: [{ step: 'approve' }, { step: 'void', voided: ['ann'] }] });
  });

  it.each([
    ['an unknown member', { members: ['nobody'] }, '/members/0'],
    ['a time that is over', { expiresAt: '2001-01-01T00:00:00Z' }, '/expiresAt'],
    ['a secret of its own', { secret: 'whsec_x' }, '/secret'],
  ])('with %s is refused', async (_what, body, pointer) => {
    const answer = await api.call('POST', SECRETS, { key: api.ownerKey, body: { name: 'x', ...body } });
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
  });

  it('speaks for others only where it is made by whoever manages members, and for nobody by whoever cannot decide', async () => {
    const without = (await api.newKey({ scopes: ['webhooks:write', 'hitl:decide'] })).key;
    expect((await api.call('POST', SECRETS, { key: without, body: { name: 'x', members: ['ann'] } })).body.code).toBe('not-permitted');
    const silent = (await api.newKey({ scopes: ['webhooks:write', 'members:manage'] })).key;
    expect((await api.call('POST', SECRETS, { key: silent, body: { name: 'x', members: ['ann'] } })).body.code).toBe('not-permitted');
    expect((await api.call('POST', SECRETS, { key: silent, body: { name: 'x' } })).status).toBe(201);
  });

  it('of another organisation opens nothing here', async () => {
    const orgId = await api.newOrganization();
    const { key } = await api.newKey({ orgId });
    const theirs = await newSecret({}, key);
    const { eventId } = await ask();
    expect((await send(ticket(eventId), { key: theirs.secret })).status).toBe(401);
    expect((await send(ticket(eventId), { key: theirs.secret, orgId })).body.errors).toEqual([{ pointer: '/data/eventId', detail: 'no such event' }]);
    expect((await api.call('GET', SECRETS, { key })).body.data).toHaveLength(1);
    expect((await api.call('DELETE', `${SECRETS}/${secret.id}`, { key })).status).toBe(404);
  });
});

// The last one: the network address that it uses up is that of all the others.
test('messages that nobody has signed are answered 429 after a while', async () => {
  const { reviewId } = await ask();
  api.clock.stoppedAtMs = Date.now();
  const statuses = new Set<number>();
  for (let count = 0; count < 70; count += 1) statuses.add((await send(decision(reviewId), { headers: { 'webhook-signature': 'v1,AAAA' } })).status);
  expect(statuses).toEqual(new Set([401, 429]));
  expect((await send(decision(reviewId))).status).toBe(200);
});
