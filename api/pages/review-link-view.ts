import type { LadderState } from '../../core/hitl/ladder-state.ts';
import { withNote } from '../../core/hitl/judgement.ts';
import { outcomeOf } from '../../core/hitl/outcome.ts';
import type { ReviewPlan } from '../../core/hitl/review.ts';
import type { EventRecord } from '../../core/ledger/event-record.ts';
import type { ReviewSummary } from '../../db/queries/review-steps.ts';
import type { ReviewRow } from '../../db/queries/reviews.ts';
import { type Chrome, signedOutChrome } from './chrome.ts';
import { requestOf, type ReviewView } from './review-view.ts';
import { visible } from './text.ts';
import { type Moment, momentOf, timeLeft } from './time.ts';

export interface ReviewLinkView {
  chrome: Chrome;
  notice: string | null;
  /** How things stand, where this link decides nothing. */
  standing: string | null;
  action: string;
  status: string;
  tone: string;
  due: (Moment & { left: string }) | null;
  reasons: string[];
  facts: { name: string; value: string }[];
  request: Pick<NonNullable<ReviewView['request']>, 'args' | 'isEdited' | 'parts'> | null;
  form: { url: string; name: string; reason: string; reasonRequired: boolean; canEscalate: boolean } | null;
  reviewUrl: string;
}

export interface ReviewLinkInput {
  review: ReviewRow;
  /** Undefined once retention has taken the body. */
  recorded: { record: EventRecord } | undefined;
  memberName: string;
  /** Why this link decides nothing now; null where it may. */
  standing: string | null;
  notice: string | null;
  reasonGiven: string;
  /** Path of this page. */
  url: string;
  nowMs: number;
}

/** One question on one page: what, why, for whom, until when, and the answer. */
export function reviewLinkView({ review, recorded, memberName, standing, notice, reasonGiven, url, nowMs }: ReviewLinkInput): ReviewLinkView {
  const plan = JSON.parse(review.plan) as ReviewPlan;
  const { level, args, note } = JSON.parse(review.state) as LadderState;
  const { reasons } = JSON.parse(review.summary) as ReviewSummary;
  const record = recorded?.record ?? null;
  const { status, riskScore } = review;
  return {
    chrome: signedOutChrome('Decide'),
    notice,
    standing,
    action: visible(review.action),
    status,
    tone: status === 'pending' ? 'hitl' : outcomeOf(plan, status) === 'allow' ? 'allow' : 'block',
    due: status !== 'pending' || review.dueAt === null ? null : { ...momentOf(review.dueAt), left: timeLeft(review.dueAt, nowMs) },
    reasons: withNote(reasons, note).map(visible),
    facts: [
      { name: 'Agent', value: visible(review.agentId) },
      ...(record?.event.tool === undefined ? [] : [{ name: 'Tool', value: visible(record.event.tool.name) }]),
      { name: 'Risk score', value: `${riskScore} of 100` },
      { name: 'Level', value: `${level + 1} of ${plan.levels.length}` },
    ],
    request: record === null ? null : requestOf(record, args),
    form:
      standing === null
        ? { url, name: visible(memberName), reason: reasonGiven, reasonRequired: plan.reasonRequired === true, canEscalate: level + 1 < plan.levels.length }
        : null,
    reviewUrl: `/dashboard/reviews/${encodeURIComponent(review.id)}`,
  };
}
