import type { Role, Scope } from '../../schemas/access.ts';
import type { KeyMode } from '../../schemas/key.ts';
import type { Sql, TransactionSql } from '../client.ts';
import { asTenant } from '../tenant.ts';
import { auditParameter } from './audit.ts';
import type { AuditEntry } from './audit.ts';

/** A key as authentication needs it. */
export interface KeyCredential {
  orgId: string;
  id: string;
  mode: KeyMode;
  scopes: Scope[];
  memberId: string | null;
  memberRole: Role | null;
  secretHmac: Buffer;
  pepperVersion: number;
  expiresAt: Date | null;
  /** Set too where the member it is bound to is no longer active. */
  revokedAt: Date | null;
}

/** Before the tenant is known; the caller must check the secret. */
export async function findKeyCredential(sql: Sql, { keyId }: { keyId: string }): Promise<KeyCredential | undefined> {
  const [credential] = await sql<KeyCredential[]>`
    select org_id as "orgId", id, mode, scopes, member_id as "memberId", member_role as "memberRole", secret_hmac as "secretHmac",
           pepper_version as "pepperVersion", expires_at as "expiresAt", revoked_at as "revokedAt"
    from auth_api_key(${keyId})`;
  return credential;
}

/** A key as its administrators see it. */
export interface KeyRow {
  id: string;
  name: string;
  mode: KeyMode;
  scopes: Scope[];
  memberId: string | null;
  createdBy: string;
  createdAt: Date;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
  revokedAt: Date | null;
}

const columns = (tx: TransactionSql) => tx`
  id, name, mode, scopes, member_id as "memberId", created_by as "createdBy", created_at as "createdAt",
  expires_at as "expiresAt", last_used_at as "lastUsedAt", revoked_at as "revokedAt"`;

/** By id, from behind `afterId`. */
export function listKeys(sql: Sql, { orgId, afterId, limit }: { orgId: string; afterId: string; limit: number }): Promise<KeyRow[]> {
  return asTenant(sql, orgId, (tx) => tx<KeyRow[]>`select ${columns(tx)} from api_key where org_id = ${orgId} and id > ${afterId} order by id limit ${limit}`);
}

export function findKey(sql: Sql, { orgId, keyId }: { orgId: string; keyId: string }): Promise<KeyRow | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [key] = await tx<KeyRow[]>`select ${columns(tx)} from api_key where org_id = ${orgId} and id = ${keyId}`;
    return key;
  });
}

export interface NewKey {
  orgId: string;
  id: string;
  name: string;
  mode: KeyMode;
  scopes: readonly Scope[];
  memberId: string | null;
  secretHmac: Buffer;
  pepperVersion: number;
  createdBy: string;
  expiresAt: Date | null;
  audit: AuditEntry;
}

export async function createKey(sql: Sql, key: NewKey): Promise<void> {
  await sql`
    select create_api_key(${key.orgId}, ${key.id}, ${key.name}, ${key.mode}, ${sql.array([...key.scopes], 25)}::text[], ${key.memberId}, ${key.secretHmac},
      ${key.pepperVersion}, ${key.createdBy}, ${key.expiresAt}, ${auditParameter(key.audit)}::text::jsonb)`;
}

/** False when there is no such key or it was revoked before. Every process hears of it on `mg_key`. */
export async function revokeKey(sql: Sql, { orgId, keyId, audit }: { orgId: string; keyId: string; audit: AuditEntry }): Promise<boolean> {
  const [row] = await sql<{ revoked: boolean }[]>`select revoke_api_key(${orgId}, ${keyId}, ${auditParameter(audit)}::text::jsonb) as revoked`;
  return row?.revoked === true;
}
