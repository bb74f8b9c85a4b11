import type { ChannelKind, NoticeOccasion } from '../../schemas/channel.ts';
import type { Sql, TransactionSql } from '../client.ts';
import { asTenant } from '../tenant.ts';
import { auditParameter } from './audit.ts';
import type { AuditEntry } from './audit.ts';

export interface ChannelRow {
  id: string;
  kind: ChannelKind;
  name: string;
  /** As `createChannelSeal` seals it. */
  config: Buffer;
  occasions: NoticeOccasion[];
  createdBy: string;
  createdAt: Date;
}

const columns = (tx: TransactionSql) => tx`id, kind, name, config, occasions, created_by as "createdBy", created_at as "createdAt"`;

/** Those in use, by id, from behind `afterId`. */
export function listChannels(sql: Sql, { orgId, afterId, limit }: { orgId: string; afterId: string; limit: number }): Promise<ChannelRow[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<ChannelRow[]>`
    select ${columns(tx)} from notification_channel where org_id = ${orgId} and disabled_at is null and id > ${afterId} order by id limit ${limit}`,
  );
}

/** Those in use that tell of this occasion. */
export function channelsFor(sql: Sql, { orgId, occasion }: { orgId: string; occasion: NoticeOccasion }): Promise<ChannelRow[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<ChannelRow[]>`
    select ${columns(tx)} from notification_channel where org_id = ${orgId} and disabled_at is null and ${occasion} = any (occasions) order by id`,
  );
}

/** Undefined for one that is disabled or not there. */
export function findChannel(sql: Sql, { orgId, channelId }: { orgId: string; channelId: string }): Promise<ChannelRow | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [channel] = await tx<ChannelRow[]>`
      select ${columns(tx)} from notification_channel where org_id = ${orgId} and id = ${channelId} and disabled_at is null`;
    return channel;
  });
}

export interface NewChannel extends Omit<ChannelRow, 'createdAt' | 'occasions'> {
  orgId: string;
  occasions: readonly NoticeOccasion[];
  audit: AuditEntry;
}

export async function createChannel(sql: Sql, { orgId, id, kind, name, config, occasions, createdBy, audit }: NewChannel): Promise<void> {
  await sql`
    select create_channel(${orgId}, ${id}, ${kind}, ${name}, ${config}, ${sql.array([...occasions], 25)}::text[], ${createdBy},
      ${auditParameter(audit)}::text::jsonb)`;
}

/** False when there is no such channel or it was disabled before. */
export async function disableChannel(sql: Sql, { orgId, channelId, audit }: { orgId: string; channelId: string; audit: AuditEntry }): Promise<boolean> {
  const [row] = await sql<{ disabled: boolean }[]>`select disable_channel(${orgId}, ${channelId}, ${auditParameter(audit)}::text::jsonb) as disabled`;
  return row?.disabled === true;
}
