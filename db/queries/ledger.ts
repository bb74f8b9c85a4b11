import type { Sql } from '../client.ts';
import { recordId } from '../record-id.ts';
import { asTenant } from '../tenant.ts';

/** Kinds of the spine, as `ledger-v1` numbers them. */
export const LEDGER_KIND = { agentEvent: 1, hitlDecision: 2, auditRecord: 3, policyViolation: 4 } as const;

export interface LedgerRecord {
  org: string;
  kind: (typeof LEDGER_KIND)[keyof typeof LEDGER_KIND];
  id: string;
  /** RFC 8785 text. */
  body: string;
  /** Projection columns of the kind's table. */
  fields: Record<string, unknown>;
}

export interface LedgerReceipt {
  seq: number;
  entryHash: string;
  /** The record stood already; this is its first receipt. */
  existed: boolean;
}

/** Appends a batch in one statement; receipts in the order of the records. */
export async function appendRecords(sql: Sql, records: LedgerRecord[]): Promise<LedgerReceipt[]> {
  const rows = await sql<(LedgerReceipt & { ord: number })[]>`
    select ord, seq, encode(entry_hash, 'hex') as "entryHash", existed
    from ledger_append(
      ${sql.array(
        records.map(({ org }) => org),
        2950,
      )}::uuid[],
      ${sql.array(
        records.map(({ kind }) => kind),
        21,
      )}::smallint[],
      ${sql.array(
        records.map(({ id }) => id),
        2950,
      )}::uuid[],
      ${sql.array(
        records.map(({ body }) => body),
        25,
      )}::text[],
      ${sql.array(
        records.map(({ fields }) => JSON.stringify(fields)),
        25,
      )}::text[]::jsonb[])`;
  const receipts: LedgerReceipt[] = [];
  for (const { ord, seq, entryHash, existed } of rows) receipts[ord - 1] = { seq, entryHash, existed };
  return receipts;
}

export interface RecordedEvent {
  seq: number;
  entryHash: string;
  checkpointSize: number;
  digest: string;
  body: string;
}

/** The recorded event, found by its derived record id; undefined when there is none (or its body has been purged). */
export function findRecordedEvent(sql: Sql, { orgId, eventId }: { orgId: string; eventId: string }): Promise<RecordedEvent | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<RecordedEvent[]>`
      select e.seq, encode(e.entry_hash, 'hex') as "entryHash", b.checkpoint_size as "checkpointSize", encode(b.event_digest, 'hex') as digest, b.body
      from ledger_entry e
      join agent_events b on b.org_id = e.org_id and b.seq = e.seq and b.retention = e.retain_days and b.at = e.at
      where e.org_id = ${orgId} and b.org_id = ${orgId} and e.record_id = ${recordId(orgId, 'event', eventId)}`;
    return row;
  });
}

/** Those of the events that are on record, by event id; those whose bodies have been purged are not among them. */
export function findRecordedEvents(sql: Sql, { orgId, eventIds }: { orgId: string; eventIds: readonly string[] }): Promise<Map<string, RecordedEvent>> {
  return asTenant(sql, orgId, async (tx) => {
    const recordIds = eventIds.map((eventId) => recordId(orgId, 'event', eventId));
    const rows = await tx<(RecordedEvent & { eventId: string })[]>`
      select b.event_id as "eventId", e.seq, encode(e.entry_hash, 'hex') as "entryHash", b.checkpoint_size as "checkpointSize",
             encode(b.event_digest, 'hex') as digest, b.body
      from ledger_entry e
      join agent_events b on b.org_id = e.org_id and b.seq = e.seq and b.retention = e.retain_days and b.at = e.at
      where e.org_id = ${orgId} and b.org_id = ${orgId} and e.record_id = any (${sql.array(recordIds, 2950)}::uuid[])`;
    return new Map(rows.map(({ eventId, ...row }) => [eventId, row]));
  });
}

/** Bodies of the events that are on record, by event id. */
export function loadEventBodies(sql: Sql, { orgId, eventIds }: { orgId: string; eventIds: readonly string[] }): Promise<Map<string, string>> {
  return asTenant(sql, orgId, async (tx) => {
    const recordIds = eventIds.map((eventId) => recordId(orgId, 'event', eventId));
    const rows = await tx<{ eventId: string; body: string }[]>`
      select b.event_id as "eventId", b.body
      from ledger_entry e
      join agent_events b on b.org_id = e.org_id and b.seq = e.seq and b.retention = e.retain_days and b.at = e.at
      where e.org_id = ${orgId} and b.org_id = ${orgId} and e.record_id = any (${sql.array(recordIds, 2950)}::uuid[])`;
    return new Map(rows.map(({ eventId, body }) => [eventId, body]));
  });
}

/** Digests (hex) of the events that are on record, by event id; those whose bodies have been purged are not among them. */
export function recordedDigests(sql: Sql, { orgId, eventIds }: { orgId: string; eventIds: readonly string[] }): Promise<Map<string, string>> {
  return asTenant(sql, orgId, async (tx) => {
    const recordIds = eventIds.map((eventId) => recordId(orgId, 'event', eventId));
    const rows = await tx<{ eventId: string; digest: string }[]>`
      select b.event_id as "eventId", encode(b.event_digest, 'hex') as digest
      from ledger_entry e
      join agent_events b on b.org_id = e.org_id and b.seq = e.seq and b.retention = e.retain_days and b.at = e.at
      where e.org_id = ${orgId} and b.org_id = ${orgId} and e.record_id = any (${sql.array(recordIds, 2950)}::uuid[])`;
    return new Map(rows.map(({ eventId, digest }) => [eventId, digest]));
  });
}

/** Whether a record id stands in the spine; true also after its body has been purged. */
export function isRecorded(sql: Sql, { orgId, recordId: id }: { orgId: string; recordId: string }): Promise<boolean> {
  return asTenant(sql, orgId, async (tx) => (await tx`select 1 from ledger_entry where org_id = ${orgId} and record_id = ${id}`).length > 0);
}

/** Those of the record ids that stand in the spine. */
export function recordedAmong(sql: Sql, { orgId, recordIds }: { orgId: string; recordIds: readonly string[] }): Promise<string[]> {
  return asTenant(sql, orgId, async (tx) => {
    const rows = await tx<{ id: string }[]>`
      select record_id as id from ledger_entry where org_id = ${orgId} and record_id = any (${sql.array([...recordIds], 2950)}::uuid[])`;
    return rows.map(({ id }) => id);
  });
}
