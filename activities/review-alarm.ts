import type { LadderMoved } from '../core/hitl/ladder-state.ts';
import { canonicalize } from '../core/json/canonical.ts';
import type { ReviewLadderRow, StepEntry } from '../db/queries/review-steps.ts';
import { recordId } from '../db/record-id.ts';
import type { ReviewDraft } from '../db/review-recording.ts';

/** What a move must be noticed for: an alert for people, and a violation where something that has happened was not found right. */
export function alarmOf(orgId: string, row: ReviewLadderRow, moved: LadderMoved): Pick<ReviewDraft, 'alerts' | 'violations'> {
  const isGlass = moved.taken.some(({ step }) => step === 'break-glass');
  const isUnfavourable = row.kind === 'after' && moved.status !== 'pending' && moved.status !== 'approved';
  if (!isGlass && !isUnfavourable) return { alerts: [], violations: [] };
  const { cause, value, what } = SUBJECTS[row.summary.judges ?? 'break-glass'];
  const reason = !isUnfavourable
    ? 'the glass was broken: one person approved at once'
    : moved.status === 'expired'
      ? `nobody judged ${what} in time`
      : `${what} was judged afterwards and ${moved.status}`;
  const id = `alr_${recordId(orgId, 'alert', row.id, isUnfavourable ? 'after' : 'glass').replaceAll('-', '')}`;
  return {
    alerts: [{ id, cause, reasons: JSON.stringify([reason]) }],
    violations: isUnfavourable ? [violation(orgId, row, value, moved.status)] : [],
  };
}

/** By what a review of kind `after` is about. */
const SUBJECTS = {
  'break-glass': { cause: 'break-glass', value: 'BREAK_GLASS', what: 'an approval by break-glass' },
  alert: { cause: 'escalation', value: 'ESCALATION', what: 'an escalated alert' },
} as const;

function violation(orgId: string, { id, eventId, agentId, summary }: ReviewLadderRow, value: string, status: string): StepEntry {
  const fields = { eventId, agentId, value, ruleId: summary.policy?.ruleId ?? null, detectors: [] };
  return { id: recordId(orgId, 'violation', id), body: canonicalize({ v: 1, ...fields, reviewId: id, status }), fields };
}
