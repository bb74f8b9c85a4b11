import { randomBytes } from 'node:crypto';
import { hmacOf, keyMatches, pepperOf } from '../../api/access/key-secret.ts';
import { passwordMatches } from '../../api/access/password.ts';
import { parseApiKey } from '../../core/access/api-key.ts';
import { lintReviewers } from '../../core/policy/lint-reviewers.ts';
import { lintPolicy } from '../../core/policy/lint.ts';
import { DEMO_AGENTS } from '../../core/sample/demo-agents.ts';
import { DEMO_POLICY } from '../../core/sample/demo-policy.ts';
import { findAgent, listAgents, putAgent } from '../../db/queries/agents.ts';
import { findKeyCredential } from '../../db/queries/keys.ts';
import { createOrganization, findOrganization } from '../../db/queries/organizations.ts';
import { activatePolicy, createPolicy, findPolicyVersion } from '../../db/queries/policies.ts';
import { readLedgerHead } from '../../db/queries/spine.ts';
import { listDeciders } from '../../db/queries/standing.ts';
import { auditEntry } from '../../api/audit.ts';
import { Scope } from '../../schemas/access.ts';
import { ensureDemoOrganization } from '../../workers/demo-organization.ts';
import type { DemoOrganization } from '../../workers/demo-organization.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

const masterKey = randomBytes(32);
const audit = () => auditEntry({ type: 'test.made', actor: 'system', requestId: 'req_test' });

let database: TestDatabase;
let demo: DemoOrganization;

beforeAll(async () => {
  database = await createTestDatabase();
  demo = await ensureDemoOrganization(database.appSql, { masterKey });
});
afterAll(() => database.drop());

async function findMember(email: string): Promise<{ role: string; password_hash: string | null } | undefined> {
  const [member] = await database.appSql<{ role: string; password_hash: string | null }[]>`select role, password_hash from auth_members(${email})`;
  return member;
}

const ledgerSize = async (): Promise<number> => (await readLedgerHead(database.appSql, demo.orgId))?.nextSeq ?? -1;

test('the organisation has its policy active and a profile for every agent of the story', async () => {
  const sql = database.appSql;
  const organization = await findOrganization(sql, demo);
  expect(organization).toEqual({ id: demo.orgId, name: 'Demo', plan: 'pro', activePolicy: { id: 'pol_demo', version: 1 } });
  const active = await findPolicyVersion(sql, { orgId: demo.orgId, policyId: 'pol_demo', version: 1 });
  expect(JSON.parse(active?.document ?? '')).toEqual(DEMO_POLICY);
  const agents = await listAgents(sql, { orgId: demo.orgId, afterId: '', limit: 10 });
  expect(Object.fromEntries(agents.map(({ agentId, profile }) => [agentId, JSON.parse(profile ?? 'null')]))).toEqual(DEMO_AGENTS);
});

test('the policy is one the API would take, and the members can decide what it asks', async () => {
  expect(lintPolicy(DEMO_POLICY)).toEqual([]);
  expect(lintReviewers(DEMO_POLICY, await listDeciders(database.appSql, demo), Date.now())).toEqual([]);
});

test('the key opens the organisation with every scope, for no member in particular', async () => {
  const credential = await findKeyCredential(database.appSql, { keyId: parseApiKey(demo.apiKey)?.id ?? '' });
  expect(credential).toMatchObject({ orgId: demo.orgId, mode: 'live', scopes: Scope.options, memberId: null, revokedAt: null });
  const pepper = pepperOf(masterKey);
  expect(keyMatches(pepper, demo.apiKey, { hmac: credential?.secretHmac ?? Buffer.alloc(0), pepperVersion: credential?.pepperVersion ?? 0 })).toBe(true);
  expect(hmacOf(pepperOf(randomBytes(32)), demo.apiKey).equals(credential?.secretHmac ?? Buffer.alloc(0))).toBe(false);
});

test('owner and reviewer sign in with the printed passwords, the auditor with none', async () => {
  const owner = await findMember(demo.ownerEmail);
  const reviewer = await findMember(demo.reviewerEmail);
  expect([owner?.role, reviewer?.role]).toEqual(['Owner', 'Reviewer']);
  expect(await passwordMatches(demo.ownerPassword, owner?.password_hash ?? null)).toBe(true);
  expect(await passwordMatches(demo.reviewerPassword, reviewer?.password_hash ?? null)).toBe(true);
  expect(demo.ownerPassword).not.toBe(demo.reviewerPassword);
  expect(await findMember('auditor@demo.example.com')).toEqual({ role: 'Auditor', password_hash: null });
});

test('every change has its audit record, and none holds a secret', async () => {
  const bodies = await database.appSql.begin(async (tx) => {
    await tx`select set_config('mg.org_id', ${demo.orgId}, true)`;
    return tx<{ body: string }[]>`select body from audit_records where org_id = ${demo.orgId}`;
  });
  const types = bodies.map(({ body }) => (JSON.parse(body) as { type: string }).type).toSorted();
  expect(types).toEqual([
    ...Object.keys(DEMO_AGENTS).map(() => 'agent.profile-set'),
    'key.created',
    'member.created',
    'member.created',
    'member.created',
    'organization.created',
    'policy.activated',
    'policy.created',
  ]);
  const text = bodies.map(({ body }) => body).join('\n');
  for (const secret of [demo.apiKey, demo.ownerPassword, demo.reviewerPassword]) expect(text).not.toContain(secret);
});

test('a second start prints the same values and changes nothing, with and without what the first one printed', async () => {
  const before = await ledgerSize();
  const { orgId, apiKey, ownerEmail, ownerPassword } = demo;
  expect(await ensureDemoOrganization(database.appSql, { masterKey, earlier: { orgId, apiKey, ownerEmail, ownerPassword } })).toEqual(demo);
  expect(await ensureDemoOrganization(database.appSql, { masterKey })).toEqual(demo);
  expect(await ledgerSize()).toBe(before);
});

test('another master key has another organisation with other secrets', async () => {
  const other = await ensureDemoOrganization(database.appSql, { masterKey: randomBytes(32) });
  for (const name of ['orgId', 'apiKey', 'ownerPassword', 'reviewerPassword'] as const) expect(other[name]).not.toBe(demo[name]);
});

test('what the owner has changed is left alone', async () => {
  const sql = database.appSql;
  const { orgId } = demo;
  await putAgent(sql, { orgId, agentId: 'ops-runner', profile: '{"purpose":"changed"}', audit: audit() });
  await createPolicy(sql, { orgId, policyId: 'pol_own', name: 'Own', document: '{"rules":[]}', digest: Buffer.alloc(32), createdBy: 'system', audit: audit() });
  await activatePolicy(sql, { orgId, policyId: 'pol_own', version: 1, audit: audit() });
  await ensureDemoOrganization(sql, { masterKey });
  expect((await findAgent(sql, { orgId, agentId: 'ops-runner' }))?.profile).toBe('{"purpose":"changed"}');
  expect((await findOrganization(sql, { orgId }))?.activePolicy).toEqual({ id: 'pol_own', version: 1 });
});

test('a start that was cut short is completed by the next', async () => {
  const sql = database.appSql;
  const key = randomBytes(32);
  const whole = await ensureDemoOrganization(sql, { masterKey: key });
  const second = await createTestDatabase({ maxConnections: 2 });
  try {
    await createOrganization(second.appSql, { orgId: whole.orgId, name: 'Demo', plan: 'pro', retentionDays: 90, eventQuota: null, audit: audit() });
    expect(await ensureDemoOrganization(second.appSql, { masterKey: key })).toEqual(whole);
    expect((await findOrganization(second.appSql, whole))?.activePolicy).toEqual({ id: 'pol_demo', version: 1 });
    expect(await findKeyCredential(second.appSql, { keyId: parseApiKey(whole.apiKey)?.id ?? '' })).toMatchObject({ orgId: whole.orgId });
  } finally {
    await second.drop();
  }
});
