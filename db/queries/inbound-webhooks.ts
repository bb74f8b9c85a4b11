import type { InboundReceipt } from '../../schemas/inbound-webhook.ts';
import type { Sql, TransactionSql } from '../client.ts';
import { asTenant } from '../tenant.ts';
import { type AuditEntry, auditParameter } from './audit.ts';

export interface InboundSecretRow {
  id: string;
  name: string;
  members: string[];
  /** Sealed; empty where it is revoked. */
  secret: Buffer;
  createdBy: string;
  createdAt: Date;
  expiresAt: Date | null;
  revokedAt: Date | null;
}

const columns = (tx: TransactionSql) => tx`
  id, name, members, secret, created_by as "createdBy", created_at as "createdAt", expires_at as "expiresAt", revoked_at as "revokedAt"`;

/** By id, from behind `afterId`. */
export function listInboundSecrets(sql: Sql, { orgId, afterId, limit }: { orgId: string; afterId: string; limit: number }): Promise<InboundSecretRow[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<InboundSecretRow[]>`
      select ${columns(tx)} from webhook_inbound_secret where org_id = ${orgId} and id > ${afterId} order by id limit ${limit}`,
  );
}

/** Those in force, newest first. The organisation is the one that the caller names: a signature says whether it may. */
export function listInboundSecretsInForce(sql: Sql, { orgId, limit }: { orgId: string; limit: number }): Promise<InboundSecretRow[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<InboundSecretRow[]>`
      select ${columns(tx)} from webhook_inbound_secret
      where org_id = ${orgId} and revoked_at is null and (expires_at is null or expires_at > now()) order by id desc limit ${limit}`,
  );
}

export function findInboundSecret(sql: Sql, { orgId, secretId }: { orgId: string; secretId: string }): Promise<InboundSecretRow | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<InboundSecretRow[]>`select ${columns(tx)} from webhook_inbound_secret where org_id = ${orgId} and id = ${secretId}`;
    return row;
  });
}

export interface NewInboundSecret extends Omit<InboundSecretRow, 'createdAt' | 'revokedAt'> {
  orgId: string;
  /** Secrets in force that an organisation may have. */
  most: number;
  audit: AuditEntry;
}

/** False when there are as many as there may be. */
export async function createInboundSecret(
  sql: Sql,
  { orgId, id, name, secret, members, createdBy, expiresAt, most, audit }: NewInboundSecret,
): Promise<boolean> {
  const [row] = await sql<{ done: boolean }[]>`
    select create_inbound_secret(${orgId}, ${id}, ${name}, ${secret}, ${sql.array(members, 25)}::text[], ${createdBy}, ${expiresAt}, ${most},
      ${auditParameter(audit)}::text::jsonb) as done`;
  return row?.done === true;
}

/** False when there is no such secret or it was revoked before. */
export async function revokeInboundSecret(sql: Sql, { orgId, secretId, audit }: { orgId: string; secretId: string; audit: AuditEntry }): Promise<boolean> {
  const [row] = await sql<{ done: boolean }[]>`select revoke_inbound_secret(${orgId}, ${secretId}, ${auditParameter(audit)}::text::jsonb) as done`;
  return row?.done === true;
}

/** What was made of a message. */
export type InboundResult = Pick<InboundReceipt, 'reviewStatus'>;

export interface ReceivedMessage {
  orgId: string;
  messageId: string;
  secretId: string;
  type: string;
  /** Keyed. */
  bodyDigest: string;
  audit: AuditEntry;
}

/**
 * Remembers a message and puts it on record, once. `known`: the same came before; without a result nothing was made of it yet.
 * `conflict`: another message came under this id.
 */
export async function receiveWebhook(
  sql: Sql,
  { orgId, messageId, secretId, type, bodyDigest, audit }: ReceivedMessage,
): Promise<{ status: 'new' | 'known' | 'conflict'; result: InboundResult | null }> {
  const [row] = await sql<{ status: 'new' | 'known' | 'conflict'; result: InboundResult | null }[]>`
    select status, result from receive_webhook(${orgId}, ${messageId}, ${secretId}, ${type}, ${bodyDigest}, ${auditParameter(audit)}::text::jsonb)`;
  if (row === undefined) throw new Error('receive_webhook answers one row');
  return row;
}

export async function finishInboundWebhook(sql: Sql, { orgId, messageId, result }: { orgId: string; messageId: string; result: InboundResult }): Promise<void> {
  await sql`select finish_inbound_webhook(${orgId}, ${messageId}, ${JSON.stringify(result)}::text::jsonb)`;
}
