import type { LadderState } from '../../core/hitl/ladder-state.ts';
import { outcomeOf } from '../../core/hitl/outcome.ts';
import type { ReviewPlan } from '../../core/hitl/review.ts';
import { withNote } from '../../core/hitl/judgement.ts';
import type { EventRecord } from '../../core/ledger/event-record.ts';
import type { RecordedEvent } from '../../db/queries/ledger.ts';
import type { ReviewRow } from '../../db/queries/reviews.ts';
import type { ReviewSummary } from '../../db/queries/review-steps.ts';
import type { JsonObject } from '../../schemas/json.ts';
import type { Reviewers } from '../../schemas/review-policy.ts';
import type { ReviewStatus, ReviewStepName } from '../../schemas/review.ts';
import type { Chrome } from './chrome.ts';
import { ruleText } from './dashboard-view.ts';
import { visible, visibleJson } from './text.ts';
import { duration, momentOf, timeLeft } from './time.ts';
import type { Moment } from './time.ts';

export interface ReviewView {
  chrome: Chrome;
  notice: string | null;
  url: string;
  action: string;
  agent: string;
  status: string;
  tone: string;
  isPending: boolean;
  verdict: { text: string; at: Moment | null; reason: string | null } | null;
  facts: { name: string; value: string }[];
  reasons: string[];
  findings: { category: string; detector: string; mode: string; confidence: string; reason: string }[];
  request: { args: string | null; isEdited: boolean; parts: { name: string; text: string }[]; event: string } | null;
  levels: { number: string; who: string; within: string; state: string; isCurrent: boolean }[];
  due: (Moment & { left: string }) | null;
  lapse: string;
  steps: { step: string; actor: string; level: string; at: Moment; reason: string | null }[];
  receipt: { seq: string; entryHash: string; checkpointSize: string } | null;
  actionDigest: string;
  runUrl: string | null;
  form: { requestId: string; digest: string; reason: string; canEscalate: boolean } | null;
  /** Why this member sees no form; null where there is one, and after the decision. */
  noForm: string | null;
}

export interface ReviewInput {
  chrome: Chrome;
  review: ReviewRow;
  /** The review that a vote goes to: the same one, or the one it joined. */
  asked: ReviewRow;
  /** Undefined once retention has taken the body. */
  recorded: (RecordedEvent & { record: EventRecord }) | undefined;
  /** Names of members by id. */
  names: ReadonlyMap<string, string>;
  /** Why this member may not decide; null where they may. */
  obstacle: string | null;
  notice: string | null;
  /** Names one click: sent twice, it counts once. */
  formId: string;
  reasonGiven: string;
  runUrl: string | null;
  nowMs: number;
}

export function reviewView({ chrome, review, asked, recorded, names, obstacle, notice, formId, reasonGiven, runUrl, nowMs }: ReviewInput): ReviewView {
  const plan = JSON.parse(review.plan) as ReviewPlan;
  const { level, steps, note } = JSON.parse(review.state) as LadderState;
  const { args } = JSON.parse(asked.state) as LadderState;
  const { reasons, policy, requester } = JSON.parse(review.summary) as ReviewSummary;
  const record = recorded?.record ?? null;
  const isPending = review.status === 'pending';
  const nameOf = (memberId: string): string => (memberId === 'system' ? 'the clock' : visible(names.get(memberId) ?? memberId));
  const last = steps.at(-1);
  const outcome = outcomeOf(plan, review.status);
  return {
    chrome,
    notice,
    url: `/dashboard/reviews/${encodeURIComponent(review.id)}`,
    action: visible(review.action),
    agent: review.agentId,
    status: review.status,
    tone: isPending ? 'hitl' : outcome === 'allow' ? 'allow' : 'block',
    isPending,
    verdict: isPending
      ? null
      : {
          text: `${VERDICT[review.status]}${last === undefined || last.actor === 'system' ? '' : ` by ${nameOf(last.actor)}`}; the agent ${outcome === 'allow' ? 'may' : 'may not'} proceed.`,
          at: review.decidedAt === null ? null : momentOf(review.decidedAt),
          reason: last?.reason === undefined ? null : visible(last.reason),
        },
    facts: [
      { name: 'Agent', value: review.agentId },
      { name: 'Action', value: visible(review.action) },
      ...(record?.event.tool === undefined ? [] : [{ name: 'Tool', value: visible(record.event.tool.name) }]),
      { name: 'Event', value: review.eventId },
      ...(review.sessionId === null ? [] : [{ name: 'Session', value: review.sessionId }]),
      { name: 'Asked by', value: requester.startsWith('member:') ? nameOf(requester.slice('member:'.length)) : requester.replace(':', ' ') },
      { name: 'Asked at', value: `${momentOf(review.createdAt).text} UTC` },
      { name: 'Risk score', value: `${review.riskScore} of 100` },
      { name: 'Rule', value: visible(ruleText(policy) ?? 'none: a detector asked for it') },
    ],
    reasons: withNote(reasons, note).map(visible),
    findings: (record?.findings ?? []).map(({ category, detector, mode, confidence, reason }) => ({
      category,
      detector,
      mode: mode ?? '–',
      confidence: `${Math.round(confidence * 100)} %`,
      reason: visible(reason),
    })),
    request: record === null ? null : requestOf(record, args),
    levels: plan.levels.map(({ reviewers, withinMs }, index) => ({
      number: String(index + 1),
      who: whoOf(reviewers, nameOf),
      within: duration(withinMs),
      state: index < level ? 'passed' : index > level ? 'not asked yet' : isPending ? 'asked now' : 'closed here',
      isCurrent: isPending && index === level,
    })),
    due: !isPending || review.dueAt === null ? null : { ...momentOf(review.dueAt), left: timeLeft(review.dueAt, nowMs) },
    lapse: level + 1 < plan.levels.length ? 'the next level is asked' : plan.outcome === 'allow' ? 'the action is allowed' : 'the action is blocked',
    steps: steps.map((step) => ({
      step: STEP[step.step],
      actor: nameOf(step.actor),
      level: String(step.level + 1),
      at: momentOf(step.at),
      reason: step.reason === undefined ? null : visible(step.reason),
    })),
    receipt: recorded === undefined ? null : { seq: String(recorded.seq), entryHash: recorded.entryHash, checkpointSize: String(recorded.checkpointSize) },
    actionDigest: review.erased || asked.erased ? 'erased' : asked.actionDigest,
    runUrl,
    form:
      isPending && obstacle === null
        ? { requestId: formId, digest: asked.actionDigest, reason: reasonGiven, canEscalate: level + 1 < plan.levels.length }
        : null,
    noForm: isPending ? obstacle : null,
  };
}

const VERDICT: Record<ReviewStatus, string> = {
  pending: 'Pending',
  approved: 'Approved',
  rejected: 'Rejected',
  responded: 'Answered',
  expired: 'Nobody decided in time',
  withdrawn: 'Withdrawn',
  released: 'Released by a change',
  refused: 'Refused by a change',
};
const STEP: Record<ReviewStepName, string> = {
  approve: 'approved',
  reject: 'rejected',
  escalate: 'escalated',
  respond: 'answered the agent',
  edit: 'approved other arguments',
  abstain: 'abstained',
  'break-glass': 'broke the glass',
  timeout: 'ran out of time',
  impossible: 'could not be reached any more',
  void: 'votes made void',
  withdraw: 'withdrew',
  revise: 'weighed again',
  consume: 'used the approval',
};

/**
 * Everything that bears on the decision, each part whole. `edited`: the arguments that a reviewer put in place of those asked for; the
 * decision is about them.
 */
export function requestOf({ event }: Pick<EventRecord, 'event'>, edited: JsonObject | undefined): NonNullable<ReviewView['request']> {
  const { intent, content, resource, principal, metadata, tool } = event;
  const texts = { Intent: intent, Content: content };
  const objects = { Resource: resource, Principal: principal, Metadata: metadata };
  const args = edited ?? tool?.args;
  return {
    args: args === undefined ? null : visibleJson(args),
    isEdited: edited !== undefined,
    parts: [
      ...Object.entries(texts).flatMap(([name, text]) => (text === undefined ? [] : [{ name, text: visible(text) }])),
      ...Object.entries(objects).flatMap(([name, value]) => (value === undefined ? [] : [{ name, text: visibleJson(value) }])),
    ],
    event: visibleJson(event),
  };
}

function whoOf({ roles = [], groups = [], users = [] }: Reviewers, nameOf: (memberId: string) => string): string {
  return [...roles.map((role) => `every ${role}`), ...groups.map((group) => `group ${visible(group)}`), ...users.map(nameOf)].join(', ');
}
