import type { Sql } from '../client.ts';
import { auditParameter } from './audit.ts';
import type { AuditEntry } from './audit.ts';
import type { ViolationFields } from './settle.ts';

export interface FailModeEntry {
  orgId: string;
  /** Its id is derived from the event, so that there is one of an event. */
  audit: AuditEntry;
  /** Where the fail mode let pass what the decision does not. */
  overridden: {
    violation: { id: string; body: string; fields: ViolationFields };
    alert: { id: string; event_id: string; agent_id: string; action: string; risk_score: number; reasons: string };
  } | null;
}

export interface FailModeRow {
  status: 'recorded' | 'exists' | 'conflict';
  /** Of the report that stands; null where it has been purged. */
  body: string | null;
  recordedAt: Date;
  seq: number;
  entryHash: string;
}

/** Records what a fail mode did with an event, unless a report of it stands already. See `report_fail_mode` in migration 0021. */
export async function recordFailMode(sql: Sql, { orgId, audit, overridden }: FailModeEntry): Promise<FailModeRow> {
  const [row] = await sql<FailModeRow[]>`
    select status, body, recorded_at as "recordedAt", seq, encode(entry_hash, 'hex') as "entryHash"
    from report_fail_mode(${orgId}, ${auditParameter(audit)}::text::jsonb, ${JSON.stringify(overridden)}::text::jsonb)`;
  if (row === undefined) throw new Error('report_fail_mode answered nothing');
  return row;
}
