import { randomUUID } from 'node:crypto';
import { createDecisionState } from '../../activities/decision-state.ts';
import { openSession } from '../../core/detection/session-state.ts';
import type { Sql } from '../../db/client.ts';
import { putAgent, setAgentStatus } from '../../db/queries/agents.ts';
import { createGrant } from '../../db/queries/grants.ts';
import { activatePolicy, createPolicy } from '../../db/queries/policies.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../support/database.ts';
import { addOrganization, auditOf } from '../support/ledger-records.ts';
import { type PausableProxy, startPausableProxy } from '../support/pausable-proxy.ts';
import { SHORT_LADDER } from '../support/policies.ts';

let database: TestDatabase;
let proxy: PausableProxy;
let sql: Sql;
beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await startPausableProxy(database.appUrl);
  sql = openTestPool({ url: proxy.url, maxConnections: 2 });
});
afterAll(async () => {
  await sql.end({ timeout: 1 });
  await proxy.close();
  await database.drop();
});

async function activate(orgId: string): Promise<void> {
  await createPolicy(sql, {
    orgId,
    policyId: 'pol_1',
    name: 'p',
    document: JSON.stringify(SHORT_LADDER),
    digest: Buffer.alloc(32),
    createdBy: 'system',
    audit: auditOf('policy.created'),
  });
  await activatePolicy(sql, { orgId, policyId: 'pol_1', version: 1, audit: auditOf('policy.activated') });
}

test('an organisation is loaded once however many ask at once, and kept until it is forgotten', async () => {
  const orgId = await addOrganization(sql);
  const state = createDecisionState(sql);
  const [first, second] = await Promise.all([state.organization(orgId), state.organization(orgId)]);
  expect(second).toBe(first);
  expect(first.policy).toBeNull();
  await activate(orgId);
  expect((await state.organization(orgId)).policy).toBeNull();
  state.forgetOrganization(orgId);
  const fresh = await state.organization(orgId);
  expect(fresh.policy?.version).toBe('pol_1@1');
  expect(fresh.version).toBeGreaterThan(first.version);
});

test('a failure to load is not remembered', async () => {
  const orgId = await addOrganization(sql);
  const state = createDecisionState(sql);
  proxy.cut();
  await expect(state.organization(orgId)).rejects.toThrow();
  await expect(state.organization(orgId)).rejects.toThrow();
  proxy.restore();
  expect(await state.organization(orgId)).toMatchObject({ policy: null });
});

test('an organisation that is not there is told from a database that is not there', async () => {
  await expect(createDecisionState(sql).organization(randomUUID())).rejects.toMatchObject({ code: 'unknown-organization' });
});

test('what is known of an agent goes with its organisation’s configuration', async () => {
  const orgId = await addOrganization(sql);
  const state = createDecisionState(sql);
  expect(await state.agent(orgId, 'a')).toBeUndefined();
  await putAgent(sql, { orgId, agentId: 'a', profile: '{}', audit: auditOf('agent.put') });
  // One that was not there is asked for again: it may have been registered since.
  expect(await state.agent(orgId, 'a')).toMatchObject({ status: 'active' });
  await setAgentStatus(sql, { orgId, agentId: 'a', status: 'stopped', reason: 'drill', audit: auditOf('agent.stopped') });
  expect(await state.agent(orgId, 'a')).toMatchObject({ status: 'active' });
  state.forgetOrganization(orgId);
  expect(await state.agent(orgId, 'a')).toMatchObject({ status: 'stopped', stoppedReason: 'drill' });
});

test('a session that is not known is a new one at version 0; what is kept comes back, per organisation', () => {
  const state = createDecisionState(sql);
  const [one, other] = [randomUUID(), randomUUID()];
  expect(state.session(one, 's', 5)).toEqual({ version: 0, state: openSession(5) });
  state.keepSession(one, 's', { version: 3, state: { ...openSession(1), steps: 3 } });
  expect(state.session(one, 's', 9)).toMatchObject({ version: 3, state: { steps: 3, startedAtMs: 1 } });
  expect(state.session(other, 's', 9).version).toBe(0);
});

test('memory is bounded: the organisation and the session least in use are forgotten first', async () => {
  const state = createDecisionState(sql, { maxOrganizations: 1, maxSessions: 2 });
  const [one, other] = [await addOrganization(sql), await addOrganization(sql)];
  const first = await state.organization(one);
  await state.organization(other);
  expect(await state.organization(one)).not.toBe(first);
  for (const id of ['s1', 's2']) state.keepSession(one, id, { version: 1, state: openSession(0) });
  state.session(one, 's1', 0);
  state.keepSession(one, 's3', { version: 1, state: openSession(0) });
  expect(['s1', 's2', 's3'].map((id) => state.session(one, id, 0).version)).toEqual([1, 0, 1]);
});

test('a grant that is spent is forgotten by itself, and the configuration stays', async () => {
  const orgId = await addOrganization(sql);
  const grant = { agent_id: 'a', tool: 't', bounds: '{}', session_id: null, review_id: null, max_uses: 1, reason: 'r', granted_by: 'm' };
  const expires_at = new Date(Date.now() + 60_000).toISOString();
  for (const id of ['gra_1', 'gra_2']) await createGrant(sql, { orgId, grant: { ...grant, id, expires_at }, audit: auditOf('grant.created') });
  const state = createDecisionState(sql);
  const before = await state.organization(orgId);
  const known = () => before.grants.get('a')?.map(({ id }) => id);
  expect(known()).toEqual(['gra_1', 'gra_2']);
  await state.forgetGrant(orgId, { id: 'gra_1', agentId: 'a' });
  await state.forgetGrant(orgId, { id: 'gra_1', agentId: 'a' });
  expect(await state.organization(orgId)).toBe(before);
  expect(known()).toEqual(['gra_2']);
});
