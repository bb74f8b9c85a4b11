import type { HeldRange } from '../../core/ledger/retention.ts';
import type { Sql, TransactionSql } from '../client.ts';
import { asTenant } from '../tenant.ts';
import { type AuditEntry, auditParameter } from './audit.ts';

export interface HoldRow {
  id: string;
  reason: string;
  /** Entries of this range of time, both ends included; null is open. */
  from: Date | null;
  until: Date | null;
  placedBy: string;
  placedAt: Date;
  releasedBy: string | null;
  releasedAt: Date | null;
}

const holds = (tx: TransactionSql, orgId: string) => tx`
  select id, reason, held_from as "from", held_until as "until", placed_by as "placedBy", placed_at as "placedAt",
         released_by as "releasedBy", released_at as "releasedAt"
  from legal_hold where org_id = ${orgId}`;

/** Newest first, from before `beforeId`; with `inForce` those that hold now, or those that do not. */
export function listHolds(
  sql: Sql,
  { orgId, beforeId, limit, inForce }: { orgId: string; beforeId: string | undefined; limit: number; inForce?: boolean | undefined },
): Promise<HoldRow[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<HoldRow[]>`${holds(tx, orgId)} ${beforeId === undefined ? tx`` : tx`and id < ${beforeId}`}
      ${inForce === undefined ? tx`` : tx`and (released_at is null) = ${inForce}`} order by id desc limit ${limit}`,
  );
}

export function findHold(sql: Sql, { orgId, holdId }: { orgId: string; holdId: string }): Promise<HoldRow | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [hold] = await tx<HoldRow[]>`${holds(tx, orgId)} and id = ${holdId}`;
    return hold;
  });
}

/** Ranges of time that are held now: what lies in one is neither purged nor erased. */
export function heldRanges(sql: Sql, orgId: string): Promise<HeldRange[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<HeldRange[]>`
    select id, epoch_ms(held_from) as "from", epoch_ms(held_until) as "until" from legal_hold
    where org_id = ${orgId} and released_at is null order by id`,
  );
}

export interface NewHold {
  orgId: string;
  holdId: string;
  reason: string;
  /** RFC 3339; null is open. */
  from: string | null;
  until: string | null;
  placedBy: string;
  audit: AuditEntry;
}

/** In force from the commit on: a deletion that is under way ends first. */
export async function placeHold(sql: Sql, { orgId, holdId, reason, from, until, placedBy, audit }: NewHold): Promise<void> {
  await sql`select place_hold(${orgId}, ${holdId}, ${reason}, ${from}, ${until}, ${placedBy}, ${auditParameter(audit)}::text::jsonb)`;
}

/** False when there is no such hold or it was released before. */
export async function releaseHold(
  sql: Sql,
  { orgId, holdId, releasedBy, audit }: { orgId: string; holdId: string; releasedBy: string; audit: AuditEntry },
): Promise<boolean> {
  const [row] = await sql<{ released: boolean }[]>`
    select release_hold(${orgId}, ${holdId}, ${releasedBy}, ${auditParameter(audit)}::text::jsonb) as released`;
  return row?.released === true;
}
