import { startApi } from '../../support/api.ts';
import type { TestApi } from '../../support/api.ts';

const EVENTS = '/api/v1/governance/events';
let test: TestApi;

beforeAll(async () => {
  test = await startApi();
});
afterAll(() => test.stop());

const post = (body: unknown, headers: Record<string, string> = {}) => test.call('POST', EVENTS, { key: test.ownerKey, body, headers });

describe('POST /governance/events', () => {
  it('answers the decision for an event of agent and action alone, with an id of its own', async () => {
    const { status, body } = await post({ agentId: 'a', action: 'read' });
    expect(status).toBe(200);
    expect(body.value).toBe('ALLOW');
    expect(body.eventId).toMatch(/^evt_[0-9A-HJKMNP-TV-Z]{26}$/);
  });

  it('answers a retry with the same id and body the very same decision', async () => {
    const first = await post({ id: 'once', agentId: 'a', action: 'read', metadata: { x: 1, y: 2 } });
    const again = await post({ action: 'read', agentId: 'a', metadata: { y: 2, x: 1.0 }, id: 'once' });
    expect(again.text).toBe(first.text);
  });

  it('takes the id from Idempotency-Key, so that both spellings of a retry meet', async () => {
    const first = await post({ agentId: 'a', action: 'read' }, { 'Idempotency-Key': 'by-header' });
    const again = await post({ id: 'by-header', agentId: 'a', action: 'read' });
    expect(first.body.eventId).toBe('by-header');
    expect(again.text).toBe(first.text);
  });

  it('refuses an id that differs from the Idempotency-Key', async () => {
    const { status, body } = await post({ id: 'one', agentId: 'a', action: 'read' }, { 'Idempotency-Key': 'two' });
    expect(status).toBe(422);
    expect(body.code).toBe('validation-failed');
    expect(body.errors).toEqual([
      { pointer: '/id', detail: 'differs from the Idempotency-Key header' },
      { pointer: '/idempotency-key', detail: 'differs from the id in the body', in: 'header' },
    ]);
  });

  it('refuses an Idempotency-Key outside the alphabet of ids', async () => {
    const { status, body } = await post({ agentId: 'a', action: 'read' }, { 'Idempotency-Key': 'no spaces' });
    expect(status).toBe(422);
    expect(body.errors[0]).toMatchObject({ pointer: '/idempotency-key', in: 'header' });
  });

  it('refuses an id that stands for another body', async () => {
    await post({ id: 'taken', agentId: 'a', action: 'read' });
    const { status, body } = await post({ id: 'taken', agentId: 'a', action: 'write' });
    expect([status, body.code, body.eventId]).toEqual([422, 'id-reused', 'taken']);
  });

  it('answers 429 quota-exceeded with the start of the next month when the events are used up', async () => {
    const orgId = await test.newOrganization({ eventQuota: 0 });
    const { key } = await test.newKey({ orgId });
    const { status, body, headers } = await test.call('POST', EVENTS, { key, body: { agentId: 'a', action: 'read' } });
    expect([status, body.code]).toEqual([429, 'quota-exceeded']);
    expect(body.resetsAt).toMatch(/-01T00:00:00\.000Z$/);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  });

  it('names every fault at its pointer', async () => {
    const { status, body } = await post({ agentId: 7, channel: 'rumour', tool: { name: '', 'a/b~c': 1 }, labels: ['ok', ''], extra: true });
    expect([status, body.code]).toEqual([422, 'validation-failed']);
    expect(body.errors.map(({ pointer }: { pointer: string }) => pointer).toSorted()).toEqual(
      ['/action', '/agentId', '/channel', '/extra', '/labels/1', '/tool/a~1b~0c', '/tool/name'].toSorted(),
    );
  });

  it('never quotes the content it refuses', async () => {
    const { text } = await post({ agentId: 'a', action: 'read', trust: 'secret-value-4711' });
    expect(text).not.toContain('secret-value-4711');
  });

  it('refuses U+0000 in the action, which the ledger cannot hold', async () => {
    const { status, body } = await post({ agentId: 'a', action: 'a\u0000b' });
    expect([status, body.errors[0].pointer]).toEqual([422, '/action']);
  });

  it('records U+0000 and other hard text in the content unchanged', async () => {
    const content = 'a\u0000\u2028"\\\u{1F600} <\u202E';
    const { status } = await post({ id: 'hard-text', agentId: 'a', action: 'read', content, metadata: { 'k\u0000': '\u0000' } });
    const { body } = await test.call('GET', `${EVENTS}/hard-text`, { key: test.ownerKey });
    expect(status).toBe(200);
    expect(body.event.content).toBe(content);
    expect(body.event.metadata).toEqual({ 'k\u0000': '\u0000' });
  });
});

const batch = (events: unknown[]) => test.call('POST', `${EVENTS}/batch`, { key: test.ownerKey, body: { events } });

describe('POST /governance/events/batch', () => {
  it('answers one item per event in the order sent, conflicts among them', async () => {
    await post({ id: 'batch-taken', agentId: 'a', action: 'read' });
    const { status, body } = await batch([
      { id: 'batch-1', agentId: 'a', action: 'read' },
      { id: 'batch-taken', agentId: 'a', action: 'other' },
      { agentId: 'b', action: 'read' },
    ]);
    expect(status).toBe(200);
    expect(body.data.map((item: { status: string }) => item.status)).toEqual(['decided', 'conflict', 'decided']);
    expect(body.data[0].decision.eventId).toBe('batch-1');
    expect(body.data[1]).toEqual({ eventId: 'batch-taken', status: 'conflict' });
    expect(body.data[2].eventId).toMatch(/^evt_/);
  });

  it('says which items the quota had no room for, and 429 when it had none for any', async () => {
    const orgId = await test.newOrganization({ eventQuota: 1 });
    const { key } = await test.newKey({ orgId });
    const send = () =>
      test.call('POST', `${EVENTS}/batch`, {
        key,
        body: {
          events: [
            { agentId: 'a', action: 'x' },
            { agentId: 'a', action: 'y' },
          ],
        },
      });
    const first = await send();
    const second = await send();
    expect(first.body.data.map((item: { status: string }) => item.status)).toEqual(['decided', 'quota']);
    expect([second.status, second.body.code]).toEqual([429, 'quota-exceeded']);
  });

  it('refuses an id that comes twice, at the later place', async () => {
    const { status, body } = await batch([
      { id: 'd', agentId: 'a', action: 'x' },
      { agentId: 'a', action: 'x' },
      { id: 'd', agentId: 'a', action: 'x' },
    ]);
    expect(status).toBe(422);
    expect(body.errors).toEqual([{ pointer: '/events/2/id', detail: 'an earlier event of this batch has the same id' }]);
  });

  it('refuses an empty batch and one of more than 500', async () => {
    expect((await batch([])).body.errors[0].pointer).toBe('/events');
    expect((await batch(Array.from({ length: 501 }, () => ({ agentId: 'a', action: 'x' })))).body.errors[0].pointer).toBe('/events');
  });
});

describe('POST /governance/evaluate', () => {
  it('answers findings with evidence and stores nothing', async () => {
    const { status, body } = await test.call('POST', '/api/v1/governance/evaluate', {
      key: test.ownerKey,
      body: { id: 'dry', agentId: 'a', action: 'destroy' },
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ value: 'BLOCK', mast: [{ detector: 'act.destroy' }], findings: [{ evidence: { pointer: '/action' } }] });
    expect((await test.call('GET', `${EVENTS}/dry`, { key: test.ownerKey })).status).toBe(404);
  });
});

describe('GET /governance/events', () => {
  let key: string;
  let orgId: string;
  const list = (query: string) => test.call('GET', `${EVENTS}?${query}`, { key });

  const ids = async (query: string) => (await list(query)).body.data.map(({ eventId }: { eventId: string }) => eventId);

  beforeAll(async () => {
    orgId = await test.newOrganization();
    ({ key } = await test.newKey({ orgId }));
    for (let index = 0; index < 7; index++) {
      const agentId = index % 2 === 0 ? 'even' : 'odd';
      await test.call('POST', EVENTS, { key, body: { id: `list-${index}`, agentId, action: index === 3 ? 'destroy' : 'read', sessionId: `s${index}` } });
    }
  });

  it('pages through all events once, newest first, while new ones arrive', async () => {
    const seen: string[] = [];
    let cursor = '';
    for (let page = 0; page < 10; page++) {
      const { body } = await list(`limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      seen.push(...body.data.map(({ eventId }: { eventId: string }) => eventId));
      if (page === 0) await test.call('POST', EVENTS, { key, body: { id: 'list-late', agentId: 'late', action: 'read' } });
      if (body.nextCursor === null) break;
      cursor = body.nextCursor;
    }
    expect(seen).toEqual(['list-6', 'list-5', 'list-4', 'list-3', 'list-2', 'list-1', 'list-0']);
  });

  it('filters by agent, value and session', async () => {
    expect(await ids('agentId=odd')).toEqual(['list-5', 'list-3', 'list-1']);
    expect(await ids('value=BLOCK')).toEqual(['list-3']);
    expect(await ids('sessionId=s2')).toEqual(['list-2']);
    expect(await ids('agentId=even&value=BLOCK')).toEqual([]);
  });

  it('refuses a cursor made with other filters, of another list, or made up', async () => {
    const { body } = await list('limit=1&agentId=odd');
    const agents = await test.call('GET', '/api/v1/governance/agents?limit=1', { key });
    for (const query of [
      `agentId=even&cursor=${body.nextCursor}`,
      `cursor=${body.nextCursor}`,
      `cursor=${agents.body.nextCursor}`,
      'cursor=bm9uc2Vuc2U',
      'cursor=%00',
      'cursor=W10',
    ]) {
      const refused = await list(query);
      expect([refused.status, refused.body.code, refused.body.errors[0].pointer, refused.body.errors[0].in]).toEqual([
        422,
        'validation-failed',
        '/cursor',
        'query',
      ]);
    }
  });

  it.each(['limit=0', 'limit=201', 'limit=1.5', 'limit=ten', 'limit=', 'limit=1e2', 'limit=5&limit=6', 'value=MAYBE', 'agentId=a%20b', 'colour=red'])(
    'refuses ?%s and names the parameter',
    async (query) => {
      const { status, body } = await list(query);
      expect(status).toBe(422);
      expect(body.errors).toEqual([expect.objectContaining({ in: 'query', pointer: `/${query.split('=')[0]}` })]);
    },
  );
});

describe('GET /governance/events/{id}', () => {
  it('answers decision, event and the state of its review', async () => {
    const decided = await post({ id: 'asked', agentId: 'a', action: 'ask', content: 'please' });
    const { body } = await test.call('GET', `${EVENTS}/asked`, { key: test.ownerKey });
    expect(body.decision).toEqual(decided.body);
    expect(body.event).toEqual({ id: 'asked', agentId: 'a', action: 'ask', content: 'please' });
    expect(body.review).toEqual({ id: decided.body.review.id, status: 'pending' });
  });

  it("answers 404 for another organisation's event, as for none", async () => {
    await post({ id: 'private', agentId: 'a', action: 'read' });
    const { key } = await test.newKey({ orgId: await test.newOrganization() });
    const foreign = await test.call('GET', `${EVENTS}/private`, { key, headers: { 'X-Request-Id': 'same' } });
    const missing = await test.call('GET', `${EVENTS}/nowhere`, { key, headers: { 'X-Request-Id': 'same' } });
    expect(foreign.status).toBe(404);
    expect(foreign.text).toBe(missing.text);
  });
});
