import { createSweepActivities } from '../../../activities/sweep.ts';
import type { SweepPosition } from '../../../db/queries/sweeps.ts';
import { startApi } from '../../support/api.ts';
import type { Answer, TestApi } from '../../support/api.ts';

const STOPS = '/api/v1/governance/stops';
let test: TestApi;
let key: string;

beforeAll(async () => {
  test = await startApi();
});
beforeEach(async () => {
  ({ key } = await test.newKey({ orgId: await test.newOrganization() }));
});
afterAll(() => test.stop());

const post = (path: string, body?: unknown) => test.call('POST', path, { key, ...(body === undefined ? {} : { body }) });
const get = (path: string) => test.call('GET', path, { key });
const park = async (agentId = 'treasury'): Promise<string> => (await post('/api/v1/governance/events', { agentId, action: 'ask' })).body.review.id;

describe('stops', () => {
  it('of every agent refuse what is parked and list what they cancelled, page by page', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 12; index += 1) ids.push(await park(`agent-${index}`));
    const { status, body, headers } = await post(STOPS, { agents: ['*'], reason: 'incident 12' });
    expect([status, headers['location']]).toEqual([202, `${STOPS}/${body.id}`]);
    expect(body).toMatchObject({ agents: ['*'], reason: 'incident 12', liftedAt: null, sweep: { status: 'finished', total: 12, done: 12 } });
    const first = await get(`${STOPS}/${body.id}?limit=7`);
    const second = await get(`${STOPS}/${body.id}?limit=7&cursor=${first.body.cancelled.nextCursor}`);
    const cancelled = [...first.body.cancelled.data, ...second.body.cancelled.data];
    expect(cancelled.map(({ id }: { id: string }) => id).toSorted()).toEqual(ids.toSorted());
    expect(second.body.cancelled.nextCursor).toBeNull();
    const review = (await get(`/api/v1/hitl/reviews/${ids[0]}`)).body;
    expect(review).toMatchObject({ status: 'refused', outcome: 'block', settledBy: body.sweep.id });
    expect(review.steps).toMatchObject([{ step: 'revise', actor: 'system', reason: `stopped by ${body.id}: incident 12` }]);
  });

  it('list everything they cancelled to whoever began to read while they did', async () => {
    const orgId = await test.newOrganization();
    ({ key } = await test.newKey({ orgId }));
    const ids: string[] = [];
    for (let index = 0; index < 12; index += 1) ids.push(await park(`agent-${index}`));
    test.runtime.failWith(new Error('the sweep begins later'));
    const { body: stop } = await post(STOPS, { agents: ['*'], reason: 'incident 13' });
    test.runtime.failWith(null);
    const sweeps = createSweepActivities({
      vault: test.vault,
      reweigh: () => Promise.resolve([]),
      tellRuns: () => Promise.resolve(),
      now: test.now,
      pageSize: 4,
    });
    const seen: string[] = [];
    let after: SweepPosition | null | undefined;
    for (let cursor: string | null = ''; cursor !== null;) {
      if (after !== null) ({ next: after } = await sweeps.sweepPage({ orgId, sweepId: stop.sweep.id, after }));
      const { cancelled }: Answer['body'] = (await get(`${STOPS}/${stop.id}?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`)).body;
      seen.push(...cancelled.data.map(({ id }: { id: string }) => id));
      cursor = cancelled.nextCursor;
    }
    expect(seen.toSorted()).toEqual(ids.toSorted());
  });

  it('of some agents leave the others’ reviews', async () => {
    const [mine, theirs] = [await park('mine'), await park('theirs')];
    await post(STOPS, { agents: ['mine', 'mine', 'not-seen-yet'], reason: 'x' });
    expect((await get(`/api/v1/hitl/reviews/${mine}`)).body.status).toBe('refused');
    expect((await get(`/api/v1/hitl/reviews/${theirs}`)).body.status).toBe('pending');
  });

  it('are lifted, once or twice, and stay on the list', async () => {
    const { body } = await post(STOPS, { agents: ['a', 'a', 'b'], reason: 'x' });
    expect(body.agents).toEqual(['a', 'b']);
    const lifted = await post(`${STOPS}/${body.id}/lift`);
    expect([lifted.status, typeof lifted.body.liftedAt]).toEqual([200, 'string']);
    expect((await post(`${STOPS}/${body.id}/lift`)).body).toEqual(lifted.body);
    expect((await get(STOPS)).body.data).toEqual([lifted.body]);
  });

  it.each([
    ['/agents', { agents: [], reason: 'x' }],
    ['/agents', { agents: ['*', 'a'], reason: 'x' }],
    ['/agents', { agents: 'a', reason: 'x' }],
    ['/reason', { agents: ['*'] }],
    ['/reason', { agents: ['*'], reason: '' }],
  ])('are refused for a fault at %s', async (pointer, body) => {
    const answer = await post(STOPS, body);
    expect([answer.status, answer.body.errors[0].pointer.startsWith(pointer)]).toEqual([422, true]);
  });

  it('of another organisation are not there', async () => {
    const { body } = await post(STOPS, { agents: ['*'], reason: 'x' });
    key = test.ownerKey;
    const answers = [await get(`${STOPS}/${body.id}`), await post(`${STOPS}/${body.id}/lift`), await get(`/api/v1/hitl/sweeps/${body.sweep.id}`)];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
  });

  it('need the scope that stops agents', async () => {
    const { key: reader } = await test.newKey({ scopes: ['agents:read', 'hitl:read'] });
    expect((await test.call('POST', STOPS, { key: reader, body: { agents: ['*'], reason: 'x' } })).status).toBe(403);
    expect((await test.call('GET', STOPS, { key: reader })).status).toBe(200);
  });
});

describe('sweeps', () => {
  it('that could not be started stand on record, and the change is made all the same', async () => {
    const id = await park();
    test.runtime.failWith(new Error('Temporal is away'));
    const { status, body } = await post(STOPS, { agents: ['*'], reason: 'x' }).finally(() => test.runtime.failWith(null));
    expect([status, body.sweep]).toEqual([202, expect.objectContaining({ status: 'running', total: 1, done: 0 })]);
    expect((await get(`/api/v1/hitl/reviews/${id}`)).body.status).toBe('pending');
    expect((await get(`/api/v1/hitl/sweeps/${body.sweep.id}`)).body).toMatchObject({ cause: { kind: 'agents-stopped', stopId: body.id }, finishedAt: null });
    const cancelled = await post(`/api/v1/hitl/sweeps/${body.sweep.id}/cancel`);
    expect(cancelled.body).toMatchObject({ status: 'cancelled', total: 1, done: 0 });
    expect((await post(`/api/v1/hitl/sweeps/${body.sweep.id}/cancel`)).body).toEqual(cancelled.body);
  });

  it('that nobody knows answer 404', async () => {
    expect((await get('/api/v1/hitl/sweeps/swp_none')).status).toBe(404);
    expect((await post('/api/v1/hitl/sweeps/swp_none/cancel')).status).toBe(404);
  });

  it('follow an agent’s stop and the end of a key', async () => {
    const id = await park('stoppable');
    await post('/api/v1/governance/agents/stoppable/stop', { reason: 'incident 12' });
    expect((await get(`/api/v1/hitl/reviews/${id}`)).body).toMatchObject({ status: 'refused', steps: [{ reason: 'the agent was stopped: incident 12' }] });
    const created = (await post('/api/v1/keys', { name: 'agent', scopes: ['events:write'] })).body;
    const asked = (await test.call('POST', '/api/v1/governance/events', { key: created.key, body: { agentId: 'a', action: 'ask' } })).body.review.id;
    await test.call('DELETE', `/api/v1/keys/${created.id}`, { key });
    expect((await get(`/api/v1/hitl/reviews/${asked}`)).body).toMatchObject({ status: 'refused', steps: [{ reason: 'the key that asked was revoked' }] });
  });
});
