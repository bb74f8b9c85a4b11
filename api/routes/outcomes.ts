import { eventSubject } from '../../core/ledger/personal-fields.ts';
import { openRecordedEvent } from '../../db/event-seal.ts';
import { reportOutcome } from '../../db/queries/outcomes.ts';
import { keysOf } from '../../db/subject-vault.ts';
import type { SubjectVault } from '../../db/subject-vault.ts';
import { recordSealed, sealText } from '../../db/text-seal.ts';
import type { ReportedOutcome } from '../../schemas/outcome.ts';
import { requesterOf } from '../access/principal.ts';
import { sealedAuditEntry } from '../audit.ts';
import type { GovernanceRuntime } from '../governance-runtime.ts';
import type { Handlers } from '../handler.ts';
import { HttpProblem } from '../problem.ts';

export function outcomeRoutes({ vault, runtime }: { vault: SubjectVault; runtime: GovernanceRuntime }): Handlers<'reportOutcome'> {
  return {
    async reportOutcome({ params: { id: eventId }, body: { outcome, detail } }, { principal, requestId }) {
      const { orgId } = principal;
      const reporter = requesterOf(principal);
      const input = { orgId, type: 'outcome.reported', actor: reporter, target: eventId, requestId, details: { outcome } };
      const recorded = detail === undefined ? undefined : await openRecordedEvent(vault, { orgId, eventId });
      const subject = recorded?.record.holder ?? vault.refOf(orgId, eventSubject(eventId));
      const result = await recordSealed(
        vault,
        { orgId, subject },
        () => {
          const sealed = detail === undefined ? null : sealText(vault, orgId, { place: `outcome/${eventId}`, subject, text: detail });
          const audit = sealedAuditEntry(vault, { ...input, subject, personal: detail === undefined ? {} : { detail } });
          return { detail: sealed?.text ?? null, audit: sealed === null ? audit : { ...audit, keys: keysOf([sealed]) } };
        },
        (sealed) => reportOutcome(vault.sql, { orgId, eventId, outcome, reporter, ...sealed }),
      );
      if (result.status === 'unknown') throw new HttpProblem('not-found', { detail: 'nobody waits for a report about this event' });
      if (result.status === 'conflict') {
        throw new HttpProblem('conflict', { detail: `this action was reported as ${result.outcome}`, extras: { outcome: result.outcome } });
      }
      // The run that waits ends sooner for it; without, it ends when its time is over.
      if (result.status === 'recorded') await runtime.outcomeMoved(orgId, eventId);
      return { status: 200, body: { eventId, outcome: result.outcome as ReportedOutcome, reportedAt: (result.reportedAt ?? new Date()).toISOString() } };
    },
  };
}
