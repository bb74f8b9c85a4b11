import { asTenant } from '../../db/tenant.ts';
import { ReviewLine } from '../../schemas/review-feed.ts';
import { type EventReader, type ReceivedEvent, readEvents } from '../support/event-stream.ts';
import { startTestProduct, type TestProduct } from '../support/product.ts';
import { REVIEW_WAYS } from '../support/review-policies.ts';
import { seededRandom } from '../support/seeded-random.ts';

let product: TestProduct;
let decider: string;
beforeAll(async () => {
  product = await startTestProduct({ policy: REVIEW_WAYS });
  decider = await product.keyOfMember('ann', 'Reviewer');
});
afterAll(() => product.stop());

const feedOf = (key = product.apiKey, after?: string): Promise<EventReader> =>
  readEvents(`${product.apiUrl}/api/v1/hitl/feed`, { 'X-API-Key': key, ...(after === undefined ? {} : { 'Last-Event-ID': after }) });

/** Opens reviews, some of which are asked together, and decides most of them. */
async function work(seed: number): Promise<void> {
  const random = seededRandom(seed);
  for (let index = 0; index < 12; index += 1) {
    const { review } = await product.decide({
      agentId: 'treasury',
      action: 'single',
      sessionId: `session-${seed}`,
      tool: { name: 'single', args: { to: random.integer(1, 4) } },
    });
    if (random.integer(1, 10) > 7) continue;
    await product.call('POST', `/api/v1/hitl/reviews/${review?.id}/decision`, { key: decider, body: { verb: random.pick(['approve', 'reject']) } });
  }
}

const placeOf = ({ id }: ReceivedEvent): [number, string] => {
  const [seq = '', reviewId = '\uffff'] = id.split(':');
  return [Number(seq), reviewId];
};
const isBehind = (a: ReceivedEvent, b: ReceivedEvent): boolean => {
  const [[seqA, idA], [seqB, idB]] = [placeOf(a), placeOf(b)];
  return seqA > seqB || (seqA === seqB && idA > idB);
};

test('a reader who is cut off again and again, while reviews open and close, misses nothing and is told nothing twice', async () => {
  const stranger = await product.addOrganization();
  const theirs = await feedOf(stranger.apiKey);
  const random = seededRandom(7);
  const first = await feedOf();
  const [ready] = await first.atLeast(1);
  await first.close();
  const progress = { isDone: false };
  const working = Promise.all([1, 2, 3, 4].map(work)).finally(() => {
    progress.isDone = true;
  });

  const got: ReceivedEvent[] = [];
  let last = ready?.id ?? '';
  let connections = 0;
  const end = (): Promise<number> =>
    asTenant(
      product.sql,
      product.orgId,
      async (tx) => (await tx<{ seq: number }[]>`select max(changed_seq) as seq from review where org_id = ${product.orgId}`)[0]?.seq ?? 0,
    );
  while (!progress.isDone || last !== String(await end())) {
    const reader = await feedOf(product.apiKey, last);
    connections += 1;
    const untilMs = Date.now() + 300;
    const enough = random.integer(1, 6);
    while (reader.events.length <= enough && Date.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 5));
    // Whatever is on its way is lost with the connection.
    const taken = reader.events.slice(1, 1 + enough);
    await reader.close();
    got.push(...taken);
    last = taken.at(-1)?.id ?? last;
  }
  await working;

  expect(connections).toBeGreaterThan(5);
  for (const [index, event] of got.entries())
    if (index > 0) expect([got[index - 1]?.id, event.id, isBehind(event, got[index - 1] as ReceivedEvent)]).toEqual([got[index - 1]?.id, event.id, true]);
  const lines = got.map(({ data }) => ReviewLine.parse(data));
  expect(new Set(lines.map(({ id, changedSeq }) => `${changedSeq} ${id}`)).size).toBe(lines.length);
  const told = new Map(lines.map((line) => [line.id, line]));
  const rows = await asTenant(
    product.sql,
    product.orgId,
    (tx) => tx<{ id: string; status: string; changedSeq: number; joinedTo: string | null }[]>`
      select id, status, changed_seq as "changedSeq", joined_to as "joinedTo" from review where org_id = ${product.orgId} order by id`,
  );
  expect(rows).toHaveLength(48);
  expect(rows.some(({ joinedTo }) => joinedTo !== null)).toBe(true);
  expect(rows.map(({ id }) => told.get(id)).map((line) => [line?.id, line?.status, line?.changedSeq, line?.joinedTo])).toEqual(
    rows.map((row) => [row.id, row.status, row.changedSeq, row.joinedTo]),
  );
  expect(theirs.events).toEqual([expect.objectContaining({ event: 'ready' })]);
  await theirs.close();
});

test('between two reviews that one entry moved there is a place to go on from', async () => {
  const ask = async (): Promise<string> =>
    (await product.decide({ agentId: 'treasury', action: 'single', sessionId: 'twins', tool: { name: 'single', args: { to: 1 } } })).review?.id ?? '';
  const before = await feedOf();
  const [ready] = await before.atLeast(1);
  const ids = [await ask(), await ask()];
  await product.call('POST', `/api/v1/hitl/reviews/${ids[0]}/decision`, { key: decider, body: { verb: 'approve' } });
  await before.close();
  const all = await feedOf(product.apiKey, ready?.id);
  const events = (await all.atLeast(3)).slice(1);
  await all.close();
  expect(events.map(({ data }) => (data as ReviewLine).id)).toEqual(ids.toSorted());
  const seqs = events.map(({ data }) => (data as ReviewLine).changedSeq);
  expect(events.map(({ id }) => id)).toEqual([`${seqs[0]}:${ids.toSorted()[0]}`, String(seqs[0])]);
  const rest = await feedOf(product.apiKey, events[0]?.id);
  expect((await rest.atLeast(2)).slice(1)).toEqual(events.slice(1));
  await rest.close();
});

test('what one process decides is told by another; its stop ends the feed', async () => {
  const beside = await product.startBeside();
  const feed = await readEvents(`${beside.apiUrl}/api/v1/hitl/feed`, { 'X-API-Key': product.apiKey });
  await feed.atLeast(1);
  const { review } = await product.decide({ agentId: 'treasury', action: 'single', tool: { name: 'single', args: {} } });
  await feed.atLeast(2);
  expect(feed.events[1]?.data).toMatchObject({ id: review?.id, status: 'pending' });
  await beside.stop();
  await feed.ended;
});
