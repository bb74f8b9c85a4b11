import { changePlanOf } from '../../../workers/change-plan.ts';
import { startApi, type TestApi } from '../../support/api.ts';

const USAGE = '/api/v1/billing/usage';
let test: TestApi;

beforeAll(async () => {
  test = await startApi();
});
afterAll(() => test.stop());

const usageOf = async (key: string) => (await test.call('GET', USAGE, { key })).body;
const send = (key: string, body: object, path = 'events') => test.call('POST', `/api/v1/governance/${path}`, { key, body });
const startOfMonth = (offset: number) => {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset, 1)).toISOString();
};

describe('usage', () => {
  it('of a new organisation is nothing, in the calendar month in UTC, and says what the plan includes', async () => {
    const { key } = await test.newKey({ orgId: await test.newOrganization() });
    const before = [startOfMonth(0), startOfMonth(1)];
    const usage = await usageOf(key);
    // The month may turn between the two looks at the clock.
    expect([before, [startOfMonth(0), startOfMonth(1)]]).toContainEqual([usage.period.start, usage.period.end]);
    expect(usage).toMatchObject({ plan: 'pro', events: { used: 0, included: 2_000_000, limit: null } });
  });

  it('counts what is recorded: a retry once, a dry run not at all, nothing of another organisation', async () => {
    const { key } = await test.newKey({ orgId: await test.newOrganization() });
    const { key: other } = await test.newKey({ orgId: await test.newOrganization() });
    await send(key, { id: 'one', agentId: 'a', action: 'look_up' });
    await send(key, { id: 'one', agentId: 'a', action: 'look_up' });
    await send(key, { agentId: 'a', action: 'look_up' }, 'evaluate');
    await send(key, { events: [1, 2].map((id) => ({ id: `b${id}`, agentId: 'a', action: 'look_up' })) }, 'events/batch');
    expect([(await usageOf(key)).events.used, (await usageOf(other)).events.used]).toEqual([3, 0]);
  });

  it('names the limit of an organisation that has one, and stays at it when events are refused', async () => {
    const { key } = await test.newKey({ orgId: await test.newOrganization({ eventQuota: 1 }) });
    await send(key, { agentId: 'a', action: 'look_up' });
    expect((await send(key, { agentId: 'a', action: 'look_up' })).body.code).toBe('quota-exceeded');
    expect((await usageOf(key)).events).toEqual({ used: 1, included: 1, limit: 1 });
  });

  it.each([
    ['free', { included: 50_000, limit: 50_000 }],
    ['enterprise', { included: null, limit: null }],
  ] as const)('follows a change to %s at once', async (plan, events) => {
    const orgId = await test.newOrganization();
    const { key } = await test.newKey({ orgId });
    await changePlanOf(test.database.appSql, { org: orgId, plan });
    expect(await usageOf(key)).toMatchObject({ plan, events });
  });

  it('is read with any key, and with none it is refused', async () => {
    const { key } = await test.newKey({ scopes: ['events:write'] });
    expect((await test.call('GET', USAGE, { key })).status).toBe(200);
    expect((await test.call('GET', USAGE)).status).toBe(401);
  });
});
