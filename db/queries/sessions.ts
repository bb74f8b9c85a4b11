import type { Role } from '../../schemas/access.ts';
import type { Sql } from '../client.ts';
import { auditParameter } from './audit.ts';
import type { AuditEntry } from './audit.ts';

export interface SessionRow {
  orgId: string;
  memberId: string;
  email: string;
  name: string;
  role: Role;
  groups: string[];
  createdAt: Date;
  lastSeenAt: Date;
  expiresAt: Date;
}

/** Before the tenant is known: the hash of the token is the proof. */
export async function findSession(sql: Sql, { tokenHash }: { tokenHash: Buffer }): Promise<SessionRow | undefined> {
  const [session] = await sql<SessionRow[]>`
    select org_id as "orgId", member_id as "memberId", email, name, role, groups, created_at as "createdAt", last_seen_at as "lastSeenAt", expires_at as "expiresAt"
    from auth_session(${tokenHash})`;
  return session;
}

export interface SignInCandidate {
  orgId: string;
  id: string;
  name: string;
  role: Role;
  passwordHash: string | null;
}

/** Before the tenant is known: every active member with this address, five at most. */
export async function findSignInCandidates(sql: Sql, { email }: { email: string }): Promise<SignInCandidate[]> {
  return sql<SignInCandidate[]>`select org_id as "orgId", id, name, role, password_hash as "passwordHash" from auth_members(${email})`;
}

export interface NewSession {
  orgId: string;
  tokenHash: Buffer;
  memberId: string;
  expiresAt: Date;
  audit: AuditEntry;
}

export async function openSession(sql: Sql, { orgId, tokenHash, memberId, expiresAt, audit }: NewSession): Promise<void> {
  await sql`select open_session(${orgId}, ${tokenHash}, ${memberId}, ${expiresAt}, ${auditParameter(audit)}::text::jsonb)`;
}

export async function closeSession(sql: Sql, { orgId, tokenHash, audit }: { orgId: string; tokenHash: Buffer; audit: AuditEntry }): Promise<void> {
  await sql`select close_session(${orgId}, ${tokenHash}, ${auditParameter(audit)}::text::jsonb)`;
}

/** Marks keys and sessions as used now. */
export async function touchCredentials(sql: Sql, { keyIds, tokenHashes }: { keyIds: string[]; tokenHashes: string[] }): Promise<void> {
  // Hashes travel as hex text: the driver has no array of bytea.
  await sql`
    select auth_touch(${sql.array(keyIds, 25)}::text[], array(select decode(hash, 'hex') from unnest(${sql.array(tokenHashes, 25)}::text[]) as hash))`;
}
