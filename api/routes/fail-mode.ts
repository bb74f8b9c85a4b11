import { overriddenDecision } from '../../core/decision/fail-mode.ts';
import { canonicalize } from '../../core/json/canonical.ts';
import type { StoredEventRecord } from '../../core/ledger/event-record.ts';
import type { Sql } from '../../db/client.ts';
import { type FailModeEntry, recordFailMode } from '../../db/queries/fail-mode.ts';
import { findRecordedEvent } from '../../db/queries/ledger.ts';
import { recordId } from '../../db/record-id.ts';
import type { FailModeInput } from '../../schemas/fail-mode.ts';
import { requesterOf } from '../access/principal.ts';
import { auditEntry } from '../audit.ts';
import type { Handlers } from '../handler.ts';
import { HttpProblem } from '../problem.ts';

export function failModeRoutes({ sql }: { sql: Sql }): Handlers<'reportFailMode'> {
  return {
    async reportFailMode({ params: { id: eventId }, body }, { principal, requestId }) {
      const { orgId } = principal;
      const recorded = await findRecordedEvent(sql, { orgId, eventId });
      if (recorded === undefined) throw new HttpProblem('not-found', { detail: 'deliver the event first' });
      // One moment is one text, so that a report is the same however its time is written.
      const report = { ...body, decidedAt: new Date(body.decidedAt).toISOString() };
      const entry = auditEntry({ type: 'fail-mode.reported', actor: requesterOf(principal), target: eventId, requestId, details: report });
      const { status, ...stands } = await recordFailMode(sql, {
        orgId,
        audit: { ...entry, id: recordId(orgId, 'fail-mode', eventId) },
        overridden: overriddenOf(orgId, report, JSON.parse(recorded.body) as StoredEventRecord),
      });
      const told = stands.body === null ? null : (JSON.parse(stands.body) as { details: FailModeInput }).details;
      if (status === 'conflict' || told === null) {
        throw new HttpProblem('conflict', { detail: 'another report about this event stands', extras: { failMode: told } });
      }
      const { seq, entryHash, recordedAt } = stands;
      return { status: 200, body: { eventId, ...told, recordedAt: recordedAt.toISOString(), receipt: { seq, entryHash } } };
    },
  };
}

/** The violation and the alert of a report that contradicts the decision. */
function overriddenOf(orgId: string, { mode, value, cause }: FailModeInput, record: StoredEventRecord): FailModeEntry['overridden'] {
  const { event, decision, findings } = record;
  const against = overriddenDecision(value, record);
  if (against === undefined) return null;
  const { riskScore, eventId } = decision;
  const reason = `the agent went on by its fail mode ${mode} (${cause}); the decision ${against === decision.value ? 'is' : 'would have been'} ${against}`;
  const fields = {
    eventId,
    agentId: event.agentId,
    value: 'FAIL_MODE',
    ruleId: decision.policy?.ruleId ?? null,
    detectors: findings.map(({ detector }) => detector),
  };
  const body = canonicalize({ v: 1, ...fields, decisionId: decision.id, riskScore, reasons: [reason] });
  return {
    violation: { id: recordId(orgId, 'violation', eventId, 'fail-mode'), body, fields },
    alert: {
      id: `alr_${recordId(orgId, 'alert', eventId, 'fail-mode').replaceAll('-', '')}`,
      event_id: eventId,
      agent_id: event.agentId,
      action: event.action,
      risk_score: riskScore,
      reasons: JSON.stringify([reason]),
    },
  };
}
