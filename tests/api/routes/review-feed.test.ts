import { ReviewLine } from '../../../schemas/review-feed.ts';
import { startApi, type TestApi } from '../../support/api.ts';
import { type EventReader, readEvents } from '../../support/event-stream.ts';
import { until } from '../../support/until.ts';

const FEED = '/api/v1/hitl/feed';
let test: TestApi;
let orgId: string;
let key: string;
let decider: string;
const readers: EventReader[] = [];

beforeAll(async () => {
  test = await startApi();
});
beforeEach(async () => {
  orgId = await test.newOrganization();
  key = (await test.newKey({ orgId })).key;
  await test.newMember({ id: 'owner', role: 'Owner', orgId });
  decider = (await test.newKey({ orgId, memberId: 'owner' })).key;
});
afterEach(() => Promise.all(readers.splice(0).map((reader) => reader.close())));
afterAll(() => test.stop());

async function follow({ query = '', headers = {}, as = key }: { query?: string; headers?: Record<string, string>; as?: string } = {}): Promise<EventReader> {
  const reader = await readEvents(`${test.baseUrl}${FEED}${query}`, { 'X-API-Key': as, ...headers });
  readers.push(reader);
  return reader;
}
async function open(as = key): Promise<string> {
  const { body } = await test.call('POST', '/api/v1/governance/events', { key: as, body: { agentId: 'a', action: 'ask' } });
  return body.review.id;
}
const decide = (id: string, verb = 'approve') => test.call('POST', `/api/v1/hitl/reviews/${id}/decision`, { key: decider, body: { verb } });
const told = (reader: EventReader) => reader.events.filter(({ event }) => event === 'review').map(({ data }) => data as ReviewLine);

it('begins with where it stands, then tells of every review that opens or changes', async () => {
  await open();
  const feed = await follow();
  const [ready] = await feed.atLeast(1);
  expect(ready).toEqual({ event: 'ready', id: expect.stringMatching(/^[1-9][0-9]*$/), data: { resumed: false } });
  const id = await open();
  await feed.atLeast(2);
  await decide(id, 'reject');
  const events = await feed.atLeast(3);
  const lines = events.slice(1).map(({ data }) => ReviewLine.parse(data));
  expect(lines.map((line) => [line.id, line.status])).toEqual([
    [id, 'pending'],
    [id, 'rejected'],
  ]);
  expect(events.map((event) => event.id)).toEqual([ready?.id, ...lines.map(({ changedSeq }) => String(changedSeq))]);
});

it('is a stream that proxies neither keep, change nor hold back', async () => {
  const { status, headers } = await follow();
  expect(status).toBe(200);
  expect(Object.fromEntries(headers)).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
  });
  expect(headers.get('content-encoding')).toBeNull();
});

it.each(['header', 'query', 'both'])('goes on behind the event that the %s names, with nothing lost and nothing twice', async (which) => {
  const before = await follow();
  await before.atLeast(1);
  const ids = [await open(), await open()];
  const seen = (await before.atLeast(3)).at(1);
  await before.close();
  await decide(ids[0] ?? '');
  ids.push(await open());
  const position = seen?.id ?? '';
  const header = which === 'query' ? {} : { 'Last-Event-ID': position };
  const after = await follow({ headers: header, query: which === 'header' ? '' : `?after=${which === 'both' ? '1' : position}` });
  const events = await after.atLeast(4);
  expect(events[0]).toEqual({ event: 'ready', id: position, data: { resumed: true } });
  expect(told(after).map(({ id, status }) => [id, status])).toEqual([
    [ids[1], 'pending'],
    [ids[0], 'approved'],
    [ids[2], 'pending'],
  ]);
});

it('begins anew, and says so, behind a place that was never reached', async () => {
  await open();
  const [ready] = await (await follow({ query: '?after=999999999' })).atLeast(1);
  expect(ready).toMatchObject({ event: 'ready', data: { resumed: false } });
  expect(Number(ready?.id)).toBeLessThan(1_000);
});

it('tells nothing of another organisation', async () => {
  const other = await test.newOrganization();
  const stranger = (await test.newKey({ orgId: other })).key;
  const [mine, theirs] = [await follow(), await follow({ as: stranger })];
  await Promise.all([mine.atLeast(1), theirs.atLeast(1)]);
  await open();
  await mine.atLeast(2);
  const own = await open(stranger);
  await theirs.atLeast(2);
  expect(told(theirs).map(({ id }) => id)).toEqual([own]);
  const resumed = await follow({ as: stranger, query: '?after=0' });
  await resumed.atLeast(2);
  expect(told(resumed).map(({ id }) => id)).toEqual([own]);
});

it.each(['x', '-1', '1:', '01', '1;2'])('refuses ?after=%s', async (after) => {
  const { status, body } = await test.call('GET', `${FEED}?after=${encodeURIComponent(after)}`, { key });
  expect([status, body.errors[0].pointer]).toEqual([422, '/after']);
});

it('needs the scope', async () => {
  const { key: without } = await test.newKey({ orgId, scopes: ['events:write'] });
  expect((await test.call('GET', FEED, { key: without })).body.code).toBe('missing-scope');
  expect((await test.call('GET', FEED)).status).toBe(401);
});

it('answers HEAD with the headers and no stream', async () => {
  const answer = await fetch(`${test.baseUrl}${FEED}`, { method: 'HEAD', headers: { 'X-API-Key': key } });
  expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([200, 'text/event-stream; charset=utf-8', '']);
});

it('is read by fifty at once in an organisation; one who leaves makes room', async () => {
  const fifty = await Promise.all(Array.from({ length: 50 }, () => follow()));
  await Promise.all(fifty.map((reader) => reader.atLeast(1)));
  const refused = await test.call('GET', FEED, { key });
  expect([refused.status, refused.body.code, refused.headers['retry-after']]).toEqual([429, 'rate-limited', '5']);
  const other = (await test.newKey({ orgId: await test.newOrganization() })).key;
  expect((await follow({ as: other })).status).toBe(200);
  await fifty[0]?.close();
  await until(async () => (await follow()).status === 200);
});

it('leaves nobody waiting once the reader is gone', async () => {
  // Those of the tests before may still be leaving.
  await until(() => test.runtime.waiting === 0);
  const feed = await follow();
  await feed.atLeast(1);
  await until(() => test.runtime.waiting > 0);
  await feed.close();
  await until(() => test.runtime.waiting === 0);
});

it('ends when the server stops', async () => {
  const stopping = await startApi();
  const feed = await readEvents(`${stopping.baseUrl}${FEED}`, { 'X-API-Key': stopping.ownerKey });
  await feed.atLeast(1);
  await stopping.api.close();
  await feed.ended;
  expect(feed.events).toHaveLength(1);
  await stopping.stop();
});
