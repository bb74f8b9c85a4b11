import { canonicalize } from '../core/json/canonical.ts';
import type { Sql } from '../db/client.ts';
import { closeSilentOutcome, closeUnusedOutcome, findAwaitedOutcome } from '../db/queries/outcomes.ts';
import { recordId } from '../db/record-id.ts';

/** `lookAgainMs`: how long to wait before asking once more; null when there is nothing to wait for. */
export interface OutcomeWatch {
  status: string;
  lookAgainMs: number | null;
}

/** Nothing but a signal tells that an approval was used, and the time begun; a run that missed it looks, but not often enough to fill its history. */
const LOOKS = 20;

export type OutcomeActivities = ReturnType<typeof createOutcomeActivities>;

export function createOutcomeActivities({ sql, now }: { sql: Sql; now: () => number }) {
  return {
    /** Looks how far an action's report is, and ends the wait when its time is over: silence is a violation and an alert. */
    async watchOutcome({ orgId, eventId }: { orgId: string; eventId: string }): Promise<OutcomeWatch> {
      for (;;) {
        const awaited = await findAwaitedOutcome(sql, { orgId, eventId });
        if (awaited === undefined || awaited.status !== 'waiting') return { status: awaited?.status ?? 'unused', lookAgainMs: null };
        const { dueAt, approvalExpiresAt, withinMs, agentId, ruleId } = awaited;
        const untilMs = (dueAt ?? approvalExpiresAt)?.getTime() ?? null;
        const leftMs = (untilMs ?? 0) - now();
        if (leftMs > 0) return { status: 'waiting', lookAgainMs: dueAt === null ? Math.min(leftMs, Math.max(withinMs, Math.ceil(leftMs / LOOKS))) : leftMs };
        // The database's clock decides; where it is behind ours, a moment more.
        if (dueAt === null) {
          if (!(await closeUnusedOutcome(sql, { orgId, eventId }))) return { status: 'waiting', lookAgainMs: 1_000 };
          continue;
        }
        const fields = { eventId, agentId, value: 'OUTCOME_SILENT', ruleId, detectors: [] };
        const violation = { id: recordId(orgId, 'violation', eventId, 'outcome'), body: canonicalize({ v: 1, ...fields, dueAt: dueAt.toISOString() }), fields };
        const alertId = `alr_${recordId(orgId, 'alert', eventId, 'outcome').replaceAll('-', '')}`;
        if (!(await closeSilentOutcome(sql, { orgId, eventId, violation, alertId }))) return { status: 'waiting', lookAgainMs: 250 };
      }
    },
  };
}
