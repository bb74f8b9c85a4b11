import type { ReportedOutcome } from '../../schemas/outcome.ts';
import type { Sql } from '../client.ts';
import { asTenant } from '../tenant.ts';
import { auditParameter } from './audit.ts';
import type { AuditEntry } from './audit.ts';
import type { StepEntry } from './review-steps.ts';

export interface OutcomeReport {
  orgId: string;
  eventId: string;
  outcome: ReportedOutcome;
  /** Sealed. */
  detail: string | null;
  /** `key:<id>` or `member:<id>`. */
  reporter: string;
  audit: AuditEntry;
}

export interface OutcomeReportResult {
  status: 'recorded' | 'exists' | 'conflict' | 'unknown';
  outcome: string | null;
  reportedAt: Date | null;
}

/** Records what the agent says of an action. A report may come after the time was over; the violation stands beside it. */
export async function reportOutcome(sql: Sql, { orgId, eventId, outcome, detail, reporter, audit }: OutcomeReport): Promise<OutcomeReportResult> {
  const [row] = await sql<OutcomeReportResult[]>`
    select status, outcome, reported_at as "reportedAt"
    from report_outcome(${orgId}, ${eventId}, ${outcome}, ${detail}, ${reporter}, ${auditParameter(audit)}::text::jsonb)`;
  if (row === undefined) throw new Error('report_outcome answered nothing');
  return row;
}

export interface AwaitedOutcome {
  status: string;
  /** Null while the approval has not been used. */
  dueAt: Date | null;
  /** The time that the agent has, from `dueAt` backwards. */
  withinMs: number;
  /** Until when the approval may still be used; null where there is none. */
  approvalExpiresAt: Date | null;
  agentId: string;
  ruleId: string | null;
}

/** What is known of an action that is to be reported on; undefined when it is not. */
export function findAwaitedOutcome(sql: Sql, { orgId, eventId }: { orgId: string; eventId: string }): Promise<AwaitedOutcome | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<AwaitedOutcome[]>`
      select o.status, o.due_at as "dueAt", o.within_ms as "withinMs", o.agent_id as "agentId", r.approval_expires_at as "approvalExpiresAt", r.summary::jsonb #>> '{policy,ruleId}' as "ruleId"
      from event_outcome o left join review r on r.org_id = o.org_id and r.event_id = o.event_id and r.kind = 'gate'
      where o.org_id = ${orgId} and o.event_id = ${eventId}`;
    return row;
  });
}

export async function closeSilentOutcome(
  sql: Sql,
  { orgId, eventId, violation, alertId }: { orgId: string; eventId: string; violation: StepEntry; alertId: string },
): Promise<boolean> {
  const [row] = await sql<
    { closed: boolean }[]
  >`select close_silent_outcome(${orgId}, ${eventId}, ${JSON.stringify(violation)}::text::jsonb, ${alertId}) as closed`;
  return row?.closed === true;
}

/** False when there is nothing to end, or not yet. See `close_unused_outcome` in migration 0026. */
export async function closeUnusedOutcome(sql: Sql, { orgId, eventId }: { orgId: string; eventId: string }): Promise<boolean> {
  const [row] = await sql<{ closed: boolean }[]>`select close_unused_outcome(${orgId}, ${eventId}) as closed`;
  return row?.closed === true;
}
