import { startApi } from '../../support/api.ts';
import type { TestApi } from '../../support/api.ts';

const AGENTS = '/api/v1/governance/agents';
let test: TestApi;

beforeAll(async () => {
  test = await startApi();
});
afterAll(() => test.stop());

const call = (method: string, path: string, body?: unknown) =>
  test.call(method, `${AGENTS}/${path}`, { key: test.ownerKey, ...(body === undefined ? {} : { body }) });

describe('agents', () => {
  it('are registered by their first event', async () => {
    await test.call('POST', '/api/v1/governance/events', { key: test.ownerKey, body: { agentId: 'seen', action: 'read' } });
    expect((await call('GET', 'seen')).body).toMatchObject({ agentId: 'seen', status: 'active', profile: null });
  });

  it('take a profile, and give it back as it was put', async () => {
    const profile = { owner: 'ops', grantedTools: [{ name: 'mail.*', args: { to: { type: 'string', maxLength: 20 } } }], limits: { maxSteps: 5 } };
    const { status, body } = await call('PUT', 'new-one', profile);
    expect([status, body.status, body.profile]).toEqual([200, 'active', profile]);
    expect((await call('PUT', 'new-one', {})).body.profile).toEqual({});
  });

  it('registered by an event take an owner, a purpose and granted tools afterwards, and the list shows them', async () => {
    const { key } = await test.newKey({ orgId: await test.newOrganization() });
    await test.call('POST', '/api/v1/governance/events', { key, body: { agentId: 'seen-first', action: 'read' } });
    const { registeredAt, lastSeenAt } = (await test.call('GET', `${AGENTS}/seen-first`, { key })).body;
    expect(Date.parse(lastSeenAt)).toBeGreaterThanOrEqual(Date.parse(registeredAt));
    const profile = { owner: 'support', purpose: 'Answers questions about orders.', grantedTools: [{ name: 'lookup_order' }] };
    await test.call('PUT', `${AGENTS}/seen-first`, { key, body: profile });
    const { data } = (await test.call('GET', AGENTS, { key })).body;
    expect(data).toEqual([{ agentId: 'seen-first', status: 'active', stoppedReason: null, profile, registeredAt, lastSeenAt }]);
  });

  it('are stopped with a reason and resumed', async () => {
    await call('PUT', 'stoppable', {});
    expect((await call('POST', 'stoppable/stop', { reason: 'incident 12' })).body).toMatchObject({ status: 'stopped', stoppedReason: 'incident 12' });
    expect((await call('POST', 'stoppable/resume')).body).toMatchObject({ status: 'active', stoppedReason: null });
  });

  it('that nobody knows answer 404', async () => {
    expect((await call('GET', 'nobody')).status).toBe(404);
    expect((await call('POST', 'nobody/stop', { reason: 'x' })).status).toBe(404);
    expect((await call('POST', 'nobody/resume')).status).toBe(404);
  });

  it('of another organisation are not there, and putting one makes another', async () => {
    await call('PUT', 'shared-name', { owner: 'first' });
    const { key } = await test.newKey({ orgId: await test.newOrganization() });
    expect((await test.call('GET', `${AGENTS}/shared-name`, { key })).status).toBe(404);
    await test.call('PUT', `${AGENTS}/shared-name`, { key, body: { owner: 'second' } });
    expect((await call('GET', 'shared-name')).body.profile).toEqual({ owner: 'first' });
  });

  it.each([
    ['PUT', 'x', { limits: { maxSteps: 0 } }, '/limits/maxSteps'],
    ['PUT', 'x', { grantedTools: [{ name: 't', surprise: 1 }] }, '/grantedTools/0/surprise'],
    ['PUT', 'x', { scope: { clearance: 'secret' } }, '/scope/clearance'],
    ['POST', 'x/stop', {}, '/reason'],
    ['POST', 'x/stop', { reason: 'a\u0000' }, '/reason'],
  ])('%s %s refuses a fault at its pointer', async (method, path, body, pointer) => {
    const answer = await call(method, path, body);
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, pointer]);
  });

  it('refuse an id outside the alphabet of ids', async () => {
    const { status, body } = await call('PUT', 'a%20b', {});
    expect([status, body.errors[0]]).toEqual([422, expect.objectContaining({ pointer: '/agentId', in: 'path' })]);
  });

  it('are listed by id, page by page', async () => {
    const { key } = await test.newKey({ orgId: await test.newOrganization() });
    for (const agentId of ['c', 'a', 'B', 'b']) await test.call('PUT', `${AGENTS}/${agentId}`, { key, body: {} });
    const first = await test.call('GET', `${AGENTS}?limit=3`, { key });
    const second = await test.call('GET', `${AGENTS}?limit=3&cursor=${first.body.nextCursor}`, { key });
    const ids = [...first.body.data, ...second.body.data].map(({ agentId }: { agentId: string }) => agentId);
    expect(ids.toSorted()).toEqual(['B', 'a', 'b', 'c']);
    expect(new Set(ids).size).toBe(4);
  });
});
