import type { Erasure, LegalGround } from '../../schemas/erasure.ts';
import type { Sql, TransactionSql } from '../client.ts';
import { asTenant } from '../tenant.ts';
import { type AuditEntry, auditParameter } from './audit.ts';

export interface ErasureRow {
  id: string;
  ref: string;
  kind: Erasure['subject']['kind'];
  legalGround: LegalGround;
  groundText: string | null;
  reference: string | null;
  status: Erasure['status'];
  requestedBy: string;
  requestedAt: Date;
  seq: number;
  keysDestroyed: number;
  touched: Erasure['touched'];
  total: number;
  done: number;
  backupsExpireAt: Date;
  historiesGoneAt: Date | null;
  finishedAt: Date | null;
}

const columns = (tx: TransactionSql) => tx`
  id, encode(subject_ref, 'hex') as ref, subject_kind as kind, legal_ground as "legalGround", ground_text as "groundText", reference, status,
  requested_by as "requestedBy", requested_at as "requestedAt", seq, keys_destroyed as "keysDestroyed", touched, total, done,
  backups_expire_at as "backupsExpireAt", histories_gone_at as "historiesGoneAt", finished_at as "finishedAt"`;

/** Newest first, from below `beforeSeq`. */
export function listErasures(sql: Sql, { orgId, beforeSeq, limit }: { orgId: string; beforeSeq: number; limit: number }): Promise<ErasureRow[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<ErasureRow[]>`select ${columns(tx)} from erasure where org_id = ${orgId} and seq < ${beforeSeq} order by seq desc limit ${limit}`,
  );
}

export function findErasure(sql: Sql, { orgId, erasureId }: { orgId: string; erasureId: string }): Promise<ErasureRow | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<ErasureRow[]>`select ${columns(tx)} from erasure where org_id = ${orgId} and id = ${erasureId}`;
    return row;
  });
}

export interface NewErasure {
  orgId: string;
  id: string;
  /** Of the subject, hex. */
  ref: string;
  kind: ErasureRow['kind'];
  ground: LegalGround;
  groundText: string | null;
  reference: string | null;
  /** `key:<id>` or `member:<id>`. */
  by: string;
  /** Days that backups of the keys are kept. */
  backupDays: number;
  audit: AuditEntry;
}

export interface ErasureOutcome {
  status: 'destroyed' | 'exists' | 'held' | 'unknown';
  /** Of the erasure, where there is one. */
  id: string | null;
  /** Ids of the legal holds in the way. */
  holds: string[] | null;
}

/** Destroys every key of a subject, with its audit record, in one statement. See `erase_subject` in migration 0016. */
export async function eraseSubject(sql: Sql, { orgId, audit, ...erasure }: NewErasure): Promise<ErasureOutcome> {
  const [row] = await sql<ErasureOutcome[]>`
    select status, id, holds from erase_subject(${orgId}, ${JSON.stringify(erasure)}::text::jsonb, ${auditParameter(audit)}::text::jsonb)`;
  if (row === undefined) throw new Error('erase_subject answered nothing');
  return row;
}

export interface ErasedEntry {
  seq: number;
  /** Null where the body is gone. */
  eventId: string | null;
}

/** The touched entries behind `after`, in order. */
export async function listErasedEntries(
  sql: Sql,
  { orgId, erasureId, after, limit }: { orgId: string; erasureId: string; after: number; limit: number },
): Promise<ErasedEntry[]> {
  return [...(await sql<ErasedEntry[]>`select seq, event_id as "eventId" from erasure_entries(${orgId}, ${erasureId}, ${after}, ${limit})`)];
}

export interface ErasedReview {
  id: string;
  eventId: string;
  /** When it ends at the latest; null where it has. */
  endsAt: Date | null;
}

/** Reviews whose texts are the subject's, by id, from behind `afterId`. */
export function listErasedReviews(
  sql: Sql,
  { orgId, ref, afterId, limit }: { orgId: string; ref: string; afterId: string; limit: number },
): Promise<ErasedReview[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<ErasedReview[]>`
    select id, event_id as "eventId", case when status = 'pending' then expires_at end as "endsAt" from review
    where org_id = ${orgId} and subject_ref = decode(${ref}, 'hex') and id > ${afterId} order by id limit ${limit}`,
  );
}

/** Those of the reviews whose texts are the subject's. */
export function reviewsOfSubject(sql: Sql, { orgId, ref, reviewIds }: { orgId: string; ref: string; reviewIds: readonly string[] }): Promise<string[]> {
  return asTenant(sql, orgId, async (tx) => {
    const rows = await tx<{ id: string }[]>`
      select id from review where org_id = ${orgId} and subject_ref = decode(${ref}, 'hex') and id = any (${sql.array([...reviewIds], 25)}::text[])`;
    return rows.map(({ id }) => id);
  });
}

/** Notes how far the search for runs has come; answers the status. */
export async function moveErasure(
  sql: Sql,
  { orgId, erasureId, done, historiesGoneAt }: { orgId: string; erasureId: string; done: number; historiesGoneAt: Date | null },
): Promise<ErasureRow['status'] | undefined> {
  const [row] = await sql<{ status: ErasureRow['status'] | null }[]>`select move_erasure(${orgId}, ${erasureId}, ${done}, ${historiesGoneAt}) as status`;
  return row?.status ?? undefined;
}

export interface EndedErasure {
  orgId: string;
  erasureId: string;
  status: 'completed' | 'cancelled';
  historiesGoneAt: Date | null;
  audit: AuditEntry;
}

/** False when there is no such erasure or it has ended. */
export async function endErasure(sql: Sql, { orgId, erasureId, status, historiesGoneAt, audit }: EndedErasure): Promise<boolean> {
  const [row] = await sql<{ ended: boolean }[]>`
    select end_erasure(${orgId}, ${erasureId}, ${status}, ${historiesGoneAt}, ${auditParameter(audit)}::text::jsonb) as ended`;
  return row?.ended === true;
}
