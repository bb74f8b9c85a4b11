import { hkdfSync } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { z } from 'zod';
import { mintApiKey, pepperOf } from '../api/access/key-secret.ts';
import { hashPassword } from '../api/access/password.ts';
import { auditEntry } from '../api/audit.ts';
import { sha256Hex } from '../api/digest.ts';
import { newId } from '../api/ids.ts';
import { randomBase62 } from '../core/access/base62.ts';
import { canonicalize } from '../core/json/canonical.ts';
import { PLAN_LIMITS } from '../core/plans/plan-limits.ts';
import { DEMO_AGENTS } from '../core/sample/demo-agents.ts';
import { DEMO_POLICY } from '../core/sample/demo-policy.ts';
import { openDatabase } from '../db/client.ts';
import type { Sql } from '../db/client.ts';
import { findAgent, putAgent } from '../db/queries/agents.ts';
import type { AuditEntry } from '../db/queries/audit.ts';
import { createKey } from '../db/queries/keys.ts';
import { createMember } from '../db/queries/members.ts';
import type { Member } from '../db/queries/members.ts';
import { createOrganization, findOrganization } from '../db/queries/organizations.ts';
import { activatePolicy, createPolicy } from '../db/queries/policies.ts';
import { recordId } from '../db/record-id.ts';
import { Scope } from '../schemas/access.ts';
import type { Json } from '../schemas/json.ts';
import { readConfig } from './config.ts';

export const DemoCredentials = z.object({ orgId: z.uuid(), apiKey: z.string(), ownerEmail: z.string(), ownerPassword: z.string() });
export type DemoCredentials = z.infer<typeof DemoCredentials>;

export interface DemoOrganization extends DemoCredentials {
  reviewerEmail: string;
  reviewerPassword: string;
}

export interface DemoOptions {
  /** Its ids and secrets are derived from this one, so that a start that was cut short is carried on by the next. */
  masterKey: Buffer;
  /** What an earlier start printed. Where that organisation exists, nothing is changed. */
  earlier?: DemoCredentials | undefined;
}

const POLICY_ID = 'pol_demo';
const OWNER = { id: 'mem_demo_owner', email: 'owner@demo.example.com', name: 'Demo Owner', role: 'Owner', groups: [] } as const satisfies Member;
const REVIEWER = { id: 'mem_demo_reviewer', email: 'reviewer@demo.example.com', name: 'Demo Reviewer', role: 'Reviewer', groups: ['finance'] } satisfies Member;
const AUDITOR = { id: 'mem_demo_auditor', email: 'auditor@demo.example.com', name: 'Demo Auditor', role: 'Auditor', groups: [] } as const satisfies Member;

/** The organisation that the sample session runs in: made where it is missing, left as its owner has made it otherwise. */
export async function ensureDemoOrganization(sql: Sql, { masterKey, earlier }: DemoOptions): Promise<DemoOrganization> {
  const secret = (purpose: string): string => randomBase62(24, derivedBytes(masterKey, purpose));
  const reviewer = { reviewerEmail: REVIEWER.email, reviewerPassword: secret('reviewer-password') };
  if (earlier !== undefined && (await findOrganization(sql, earlier)) !== undefined) return { ...earlier, ...reviewer };

  const orgId = recordId('demo-organization', secret('organization'));
  const key = mintApiKey(pepperOf(masterKey), 'live', derivedBytes(masterKey, 'api-key'));
  const ownerPassword = secret('owner-password');
  const requestId = newId('req');
  const audit = (type: string, target: string, details: { [key: string]: Json } = {}): AuditEntry =>
    auditEntry({ type, actor: 'system', target, requestId, details });
  const addMember = async (member: Member, password: string | null): Promise<void> => {
    const passwordHash = password === null ? null : await hashPassword(password);
    await unlessThere(createMember(sql, { orgId, ...member, passwordHash, audit: audit('member.created', member.id, { role: member.role }) }));
  };

  await unlessThere(
    createOrganization(sql, { orgId, name: 'Demo', plan: 'pro', ...PLAN_LIMITS.pro, audit: audit('organization.created', orgId, { plan: 'pro' }) }),
  );
  await addMember(OWNER, ownerPassword);
  await addMember(REVIEWER, reviewer.reviewerPassword);
  await addMember(AUDITOR, null);
  await unlessThere(
    createKey(sql, {
      orgId,
      id: key.id,
      name: 'Demo',
      mode: 'live',
      scopes: Scope.options,
      memberId: null,
      secretHmac: key.hmac,
      pepperVersion: key.pepperVersion,
      createdBy: 'system',
      expiresAt: null,
      audit: audit('key.created', key.id, { mode: 'live', scopes: Scope.options, memberId: null, expiresAt: null }),
    }),
  );
  await addAgents(sql, orgId, audit);
  await addPolicy(sql, orgId, audit);
  return { orgId, apiKey: key.key, ownerEmail: OWNER.email, ownerPassword, ...reviewer };
}

async function addAgents(sql: Sql, orgId: string, audit: (type: string, target: string, details: { [key: string]: Json }) => AuditEntry): Promise<void> {
  for (const [agentId, agentProfile] of Object.entries(DEMO_AGENTS)) {
    if ((await findAgent(sql, { orgId, agentId })) !== undefined) continue;
    const profile = canonicalize(agentProfile as unknown as Json);
    await putAgent(sql, { orgId, agentId, profile, audit: audit('agent.profile-set', agentId, { profileDigest: sha256Hex(profile) }) });
  }
}

async function addPolicy(sql: Sql, orgId: string, audit: (type: string, target: string, details: { [key: string]: Json }) => AuditEntry): Promise<void> {
  const document = canonicalize(DEMO_POLICY as unknown as Json);
  const documentDigest = sha256Hex(document);
  const digest = Buffer.from(documentDigest, 'hex');
  await unlessThere(
    createPolicy(sql, {
      orgId,
      policyId: POLICY_ID,
      name: 'Demo',
      document,
      digest,
      createdBy: 'system',
      audit: audit('policy.created', POLICY_ID, { documentDigest }),
    }),
  );
  const organization = await findOrganization(sql, { orgId });
  if (organization?.activePolicy !== null) return;
  await activatePolicy(sql, { orgId, policyId: POLICY_ID, version: 1, audit: audit('policy.activated', POLICY_ID, { version: 1, documentDigest }) });
}

/** A unique violation means that it is there already; the statement, its audit record included, was then undone as a whole. */
async function unlessThere(creation: Promise<void>): Promise<void> {
  await creation.catch((error: unknown) => {
    if ((error as { code?: unknown }).code !== '23505') throw error;
  });
}

/** Bytes that only the holder of the master key can tell, the same on every start: HKDF-SHA-256, drawn from front to back. */
function derivedBytes(masterKey: Buffer, purpose: string): (count: number) => Uint8Array {
  const stream = new Uint8Array(hkdfSync('sha256', masterKey, '', `mastguard/demo/${purpose}/v1`, 1_024));
  let at = 0;
  return (count) => {
    if (at + count > stream.length) throw new RangeError('the derived bytes are used up');
    return stream.subarray(at, (at += count));
  };
}

/** `node dist/workers/demo-organization.js`: prints one JSON line. `MASTGUARD_DEMO` is the JSON of an earlier start. */
if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  const { MASTGUARD_DEMO: earlier } = process.env;
  const { databaseUrl, databaseRole, masterKey } = readConfig([], process.env);
  const sql = openDatabase({
    url: databaseUrl,
    ...(databaseRole === undefined ? {} : { role: databaseRole }),
    maxConnections: 1,
    applicationName: 'mastguard-demo',
    connectTimeoutMs: 10_000,
  });
  try {
    const demo = await ensureDemoOrganization(sql, { masterKey, earlier: earlier === undefined ? undefined : DemoCredentials.parse(JSON.parse(earlier)) });
    process.stdout.write(`${JSON.stringify(demo)}\n`);
  } finally {
    await sql.end({ timeout: 5 });
  }
}
