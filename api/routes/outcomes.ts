import type { Sql } from '../../db/client.ts';
import { reportOutcome } from '../../db/queries/outcomes.ts';
import type { ReportedOutcome } from '../../schemas/outcome.ts';
import { requesterOf } from '../access/principal.ts';
import { auditEntry } from '../audit.ts';
import type { GovernanceRuntime } from '../governance-runtime.ts';
import type { Handlers } from '../handler.ts';
import { HttpProblem } from '../problem.ts';

export function outcomeRoutes({ sql, runtime }: { sql: Sql; runtime: GovernanceRuntime }): Handlers<'reportOutcome'> {
  return {
    async reportOutcome({ params: { id: eventId }, body: { outcome, detail } }, { principal, requestId }) {
      const { orgId } = principal;
      const reporter = requesterOf(principal);
      const audit = auditEntry({
        type: 'outcome.reported',
        actor: reporter,
        target: eventId,
        requestId,
        details: { outcome, ...(detail === undefined ? {} : { detail }) },
      });
      const result = await reportOutcome(sql, { orgId, eventId, outcome, detail: detail ?? null, reporter, audit });
      if (result.status === 'unknown') throw new HttpProblem('not-found', { detail: 'nobody waits for a report about this event' });
      if (result.status === 'conflict') {
        throw new HttpProblem('conflict', { detail: `this action was reported as ${result.outcome}`, extras: { outcome: result.outcome } });
      }
      // The run that waits ends sooner for it; without, it ends when its time is over.
      if (result.status === 'recorded') await runtime.outcomeReported(orgId, eventId);
      return { status: 200, body: { eventId, outcome: result.outcome as ReportedOutcome, reportedAt: (result.reportedAt ?? new Date()).toISOString() } };
    },
  };
}
