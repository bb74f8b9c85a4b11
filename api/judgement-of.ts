import { actionDigest } from '../core/decision/action-digest.ts';
import { ladderEndMs, levelEndMs } from '../core/hitl/due.ts';
import { judgementPlan } from '../core/hitl/judgement.ts';
import type { EventRecord } from '../core/ledger/event-record.ts';
import type { AfterReviewInput, AlertRow } from '../db/queries/alerts.ts';
import type { ReviewSummary } from '../db/queries/review-steps.ts';
import { recordId } from '../db/record-id.ts';
import type { ReviewPolicy } from '../schemas/review-policy.ts';
import { sha256Hex } from './digest.ts';

export interface AlertToJudge {
  orgId: string;
  alert: AlertRow;
  note: string | undefined;
  /** The event's own record. */
  recorded: { body: string };
  /** Of the policy that is active now. */
  defaultReview: ReviewPolicy | undefined;
  nowMs: number;
}

/** The review in which people judge the event of an alert, without those behind it. */
export function judgementOf({ orgId, alert, note, recorded, defaultReview, nowMs }: AlertToJudge): AfterReviewInput {
  const { event, requester, decision } = JSON.parse(recorded.body) as EventRecord;
  const plan = judgementPlan(defaultReview);
  const [first] = plan.levels;
  if (first === undefined) throw new Error('a plan has at least one level');
  const summary: ReviewSummary = {
    reasons: [note === undefined ? 'an alert was escalated' : `an alert was escalated: ${note}`, ...(JSON.parse(alert.reasons) as string[])],
    policy: decision.policy,
    requester,
    ...(event.principal?.user === undefined ? {} : { requestedFor: event.principal.user }),
    judges: 'alert',
  };
  return {
    id: `rev_${recordId(orgId, 'alert-review', alert.id).replaceAll('-', '')}`,
    digest: actionDigest(event, decision.policy?.version ?? null, sha256Hex),
    session_id: event.sessionId ?? null,
    plan: JSON.stringify(plan),
    state: JSON.stringify({ level: 0, openedAtMs: nowMs, votes: [], steps: [] }),
    summary: JSON.stringify(summary),
    created_at: new Date(nowMs).toISOString(),
    due_at: new Date(levelEndMs(first, nowMs)).toISOString(),
    expires_at: new Date(ladderEndMs(plan, 0, nowMs)).toISOString(),
  };
}
