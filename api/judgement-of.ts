import { actionDigest } from '../core/decision/action-digest.ts';
import { ladderEndMs, levelEndMs } from '../core/hitl/due.ts';
import { judgementPlan } from '../core/hitl/judgement.ts';
import type { WholeEventRecord } from '../core/ledger/event-record.ts';
import { userSubject } from '../core/ledger/personal-fields.ts';
import type { AfterReviewInput, AlertRow } from '../db/queries/alerts.ts';
import type { ReviewSummary } from '../db/queries/review-steps.ts';
import { recordId } from '../db/record-id.ts';
import { sealState, storedDigest } from '../db/review-seal.ts';
import type { SubjectKeyUse } from '../db/subject-keys.ts';
import type { SubjectVault } from '../db/subject-vault.ts';
import type { ReviewPolicy } from '../schemas/review-policy.ts';
import { sha256Hex } from './digest.ts';

export interface AlertToJudge {
  orgId: string;
  alert: AlertRow;
  note: string | undefined;
  /** The event's own record. */
  record: WholeEventRecord;
  /** Of the policy that is active now. */
  defaultReview: ReviewPolicy | undefined;
  nowMs: number;
}

/** The review in which people judge the event of an alert, without those behind it, and the keys it is sealed under. */
export function judgementOf(
  vault: SubjectVault,
  { orgId, alert, note, record, defaultReview, nowMs }: AlertToJudge,
): { review: AfterReviewInput; keys: SubjectKeyUse[] } {
  const { event, requester, decision, holder } = record;
  const plan = judgementPlan(defaultReview);
  const [first] = plan.levels;
  if (first === undefined) throw new Error('a plan has at least one level');
  const user = event.principal?.user;
  const summary: ReviewSummary = {
    reasons: ['an alert was escalated', ...(JSON.parse(alert.reasons) as string[])],
    policy: decision.policy,
    requester,
    ...(user === undefined ? {} : { requestedForSubject: vault.refOf(orgId, userSubject(user)) }),
    judges: 'alert',
  };
  const reviewId = `rev_${recordId(orgId, 'alert-review', alert.id).replaceAll('-', '')}`;
  const digest = actionDigest(event, decision.policy?.version ?? null, sha256Hex);
  const opened = { level: 0, openedAtMs: nowMs, votes: [], ...(note === undefined ? {} : { note }), steps: [] };
  const { state, version, keys } = sealState(vault, orgId, { reviewId, subject: holder, state: opened, actionDigest: digest });
  const review = {
    id: reviewId,
    digest: storedDigest(vault, orgId, digest),
    subject: holder,
    subject_version: version ?? 1,
    session_id: event.sessionId ?? null,
    plan: JSON.stringify(plan),
    state,
    summary: JSON.stringify(summary),
    created_at: new Date(nowMs).toISOString(),
    due_at: new Date(levelEndMs(first, nowMs)).toISOString(),
    expires_at: new Date(ladderEndMs(plan, 0, nowMs)).toISOString(),
  };
  return { review, keys };
}
