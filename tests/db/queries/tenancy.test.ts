import { randomUUID } from 'node:crypto';
import { auditEntry } from '../../../api/audit.ts';
import { listAgents, findAgent, putAgent, setAgentStatus } from '../../../db/queries/agents.ts';
import { listEvents } from '../../../db/queries/events.ts';
import { createKey, findKey, findKeyCredential, listKeys, revokeKey } from '../../../db/queries/keys.ts';
import { createMember, findActiveMember } from '../../../db/queries/members.ts';
import { createOrganization, findOrganization } from '../../../db/queries/organizations.ts';
import {
  activatePolicy,
  createPolicy,
  createPolicyVersion,
  findPolicy,
  findPolicyVersion,
  listPolicies,
  listPolicyVersions,
} from '../../../db/queries/policies.ts';
import { findReview, listReviews } from '../../../db/queries/reviews.ts';
import { closeSession, findSession, findSignInCandidates, openSession, touchCredentials } from '../../../db/queries/sessions.ts';
import { asTenant } from '../../../db/tenant.ts';
import type { Sql } from '../../../db/client.ts';
import { createTestDatabase, openTestPool } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { testVault } from '../../support/vault.ts';

let database: TestDatabase;
let sql: Sql;
const mine = randomUUID();
const theirs = randomUUID();
const tokenHash = Buffer.alloc(32, 3);
const audit = () => auditEntry({ type: 'test.made', actor: 'system', requestId: 'req_test' });

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.appSql;
  for (const orgId of [mine, theirs]) await createOrganization(sql, { orgId, name: 'Example', plan: 'free', retentionDays: 7, eventQuota: 10, audit: audit() });
  await createMember(sql, {
    orgId: mine,
    id: 'm',
    email: 'M@Example.com',
    name: 'M',
    role: 'Reviewer',
    groups: ['a"b', 'c\\d', 'e,f'],
    passwordHash: 'hash',
    audit: audit(),
  });
  await createKey(sql, {
    orgId: mine,
    id: 'AAAAAAAA',
    name: 'k',
    mode: 'live',
    scopes: ['events:read'],
    memberId: 'm',
    secretHmac: Buffer.alloc(32),
    pepperVersion: 1,
    createdBy: 'system',
    expiresAt: null,
    audit: audit(),
  });
  await putAgent(sql, { orgId: mine, agentId: 'agent', profile: '{}', audit: audit() });
  await createPolicy(sql, { orgId: mine, policyId: 'pol', name: 'p', document: '{"rules":[]}', digest: Buffer.alloc(32), createdBy: 'system', audit: audit() });
  await openSession(sql, { orgId: mine, tokenHash, memberId: 'm', expiresAt: new Date(Date.now() + 3_600_000), audit: audit() });
});
afterAll(() => database.drop());

describe('the queries', () => {
  it('find what is there, in its own organisation', async () => {
    expect(await findOrganization(sql, { orgId: mine })).toEqual({ id: mine, name: 'Example', plan: 'free', activePolicy: null });
    expect(await findActiveMember(sql, { orgId: mine, memberId: 'm' })).toEqual({
      id: 'm',
      email: 'm@example.com',
      name: 'M',
      role: 'Reviewer',
      groups: ['a"b', 'c\\d', 'e,f'],
    });
    expect((await listKeys(sql, { orgId: mine, afterId: '', limit: 9 })).map(({ id }) => id)).toEqual(['AAAAAAAA']);
    expect((await listAgents(sql, { orgId: mine, afterId: '', limit: 9 })).map(({ agentId }) => agentId)).toEqual(['agent']);
    expect((await listPolicies(sql, { orgId: mine, afterId: '', limit: 9 })).map(({ id }) => id)).toEqual(['pol']);
    expect((await listPolicyVersions(sql, { orgId: mine, policyId: 'pol', beforeVersion: 9, limit: 9 })).map(({ version }) => version)).toEqual([1]);
    expect(await findSession(sql, { tokenHash })).toMatchObject({ orgId: mine, memberId: 'm', role: 'Reviewer' });
    expect(await findSignInCandidates(sql, { email: 'M@EXAMPLE.com' })).toEqual([{ orgId: mine, id: 'm', name: 'M', role: 'Reviewer', passwordHash: 'hash' }]);
  });

  it('find nothing of it from another organisation', async () => {
    const found = [
      await findActiveMember(sql, { orgId: theirs, memberId: 'm' }),
      await findKey(sql, { orgId: theirs, keyId: 'AAAAAAAA' }),
      await findAgent(sql, { orgId: theirs, agentId: 'agent' }),
      await findPolicy(sql, { orgId: theirs, policyId: 'pol' }),
      await findPolicyVersion(sql, { orgId: theirs, policyId: 'pol', version: 1 }),
      await findReview(testVault(sql), { orgId: theirs, reviewId: 'rev' }),
      ...(await listKeys(sql, { orgId: theirs, afterId: '', limit: 9 })),
      ...(await listAgents(sql, { orgId: theirs, afterId: '', limit: 9 })),
      ...(await listPolicies(sql, { orgId: theirs, afterId: '', limit: 9 })),
      ...(await listPolicyVersions(sql, { orgId: theirs, policyId: 'pol', beforeVersion: 9, limit: 9 })),
      ...(await listEvents(sql, { orgId: theirs, beforeSeq: 9, limit: 9 })),
      ...(await listReviews(testVault(sql), { orgId: theirs, limit: 9 })),
    ];
    expect(found.filter((row) => row !== undefined)).toEqual([]);
  });

  it('change nothing of it from another organisation', async () => {
    expect(await revokeKey(sql, { orgId: theirs, keyId: 'AAAAAAAA', audit: audit() })).toBe(false);
    expect(await setAgentStatus(sql, { orgId: theirs, agentId: 'agent', status: 'stopped', reason: 'x', audit: audit() })).toBe(false);
    expect(
      await createPolicyVersion(sql, { orgId: theirs, policyId: 'pol', document: '{}', digest: Buffer.alloc(32), createdBy: 'x', audit: audit() }),
    ).toBeNull();
    expect(await activatePolicy(sql, { orgId: theirs, policyId: 'pol', version: 1, audit: audit() })).toBe(false);
    await closeSession(sql, { orgId: theirs, tokenHash, audit: audit() });
    expect(await findSession(sql, { tokenHash })).toBeDefined();
    expect((await findKeyCredential(sql, { keyId: 'AAAAAAAA' }))?.revokedAt).toBeNull();
  });

  it('leave the secrets of keys and passwords unreadable to the application', async () => {
    await expect(asTenant(sql, mine, (tx) => tx`select secret_hmac from api_key where org_id = ${mine}`)).rejects.toThrow('permission denied');
    await expect(asTenant(sql, mine, (tx) => tx`select password_hash from member where org_id = ${mine}`)).rejects.toThrow('permission denied');
    await expect(asTenant(sql, mine, (tx) => tx`select 1 from member_session where org_id = ${mine}`)).rejects.toThrow('permission denied');
  });

  it('write a change and its audit record together or not at all', async () => {
    const entry = { ...audit(), id: 'not-a-uuid' };
    await expect(putAgent(sql, { orgId: mine, agentId: 'half', profile: '{}', audit: entry })).rejects.toThrow();
    expect(await findAgent(sql, { orgId: mine, agentId: 'half' })).toBeUndefined();
  });

  it('note the uses of many keys and sessions in one call', async () => {
    await touchCredentials(sql, { keyIds: ['AAAAAAAA', 'unknown'], tokenHashes: [tokenHash.toString('hex')] });
    expect((await findKey(sql, { orgId: mine, keyId: 'AAAAAAAA' }))?.lastUsedAt).toBeInstanceOf(Date);
    await touchCredentials(sql, { keyIds: [], tokenHashes: [] });
  });

  it('treat a key as revoked once its member is disabled', async () => {
    const admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
    await admin`update member set status = 'disabled' where org_id = ${mine} and id = 'm'`;
    await admin.end();
    expect((await findKeyCredential(sql, { keyId: 'AAAAAAAA' }))?.revokedAt).toBeInstanceOf(Date);
    expect(await findSession(sql, { tokenHash })).toBeUndefined();
    expect(await findSignInCandidates(sql, { email: 'm@example.com' })).toEqual([]);
    expect(await findActiveMember(sql, { orgId: mine, memberId: 'm' })).toBeUndefined();
  });
});
