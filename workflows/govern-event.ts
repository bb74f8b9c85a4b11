import { allHandlersFinished, ApplicationFailure, condition, setHandler, upsertSearchAttributes } from '@temporalio/workflow';
import type { GovernEventInput } from '../core/decision/govern-event-input.ts';
import type { Decision, DecisionValue } from '../schemas/decision.ts';
import { decide } from './decide.ts';
import { decisionUpdate } from './messages.ts';
import { awaitOutcome } from './outcome-watch.ts';
import { climbLadder, type LadderRequest, type ReviewedOutcome } from './review-ladder.ts';
import { SEARCH_ATTRIBUTE } from './search-attributes.ts';

export interface GovernedEvent {
  eventId: string;
  value: DecisionValue;
  /** How the review ended, for an event that needed one. */
  review: ReviewedOutcome | null;
  /** What the agent reported, where its rule asks for it: `silent` when it did not. */
  outcome?: string;
}

/** Governs one event: decides it, records it and, for HITL, waits for people. One run per event, for ever. */
export async function governEvent(input: GovernEventInput): Promise<GovernedEvent> {
  const run = openRun(input);
  let decision: Decision;
  try {
    decision = await decide(input);
  } catch (error) {
    await run.refuse(error);
    throw error;
  }
  run.answer(decision);
  if (decision.value !== 'ALLOW') showDecision(decision);
  const review = decision.review === undefined ? null : await climbLadder(ladderOf(input, decision, decision.review));
  const outcome = decision.attestation !== undefined && mayAct(decision, review) ? await awaitOutcome({ orgId: input.orgId, eventId: input.event.id }) : null;
  await handlersFinished();
  return { eventId: input.event.id, value: decision.value, review, ...(outcome === null ? {} : { outcome }) };
}

/** Handlers before anything else: a retried request may arrive with the first task. */
function openRun({ digest }: GovernEventInput) {
  let decision: Decision | undefined;
  let refusal: unknown;

  setHandler(
    decisionUpdate,
    async () => {
      await condition(() => decision !== undefined || refusal !== undefined);
      if (decision === undefined) throw refusal;
      return decision;
    },
    {
      validator(theirs) {
        if (theirs !== digest) throw ApplicationFailure.nonRetryable('the event id stands for another event', 'id-reused');
      },
      description: 'Waits for the decision of this event.',
    },
  );

  return {
    /** From here on the answer stands. */
    answer(recorded: Decision): void {
      decision = recorded;
    },
    /** Tells those who ask why there will be no decision, before the run fails with it. */
    refuse(reason: unknown): Promise<void> {
      refusal = reason;
      return condition(allHandlersFinished);
    },
  };
}

/** What was never allowed has nothing to report. */
const mayAct = ({ value }: Decision, review: ReviewedOutcome | null): boolean =>
  value !== 'BLOCK' && (review === null || review.status === 'approved' || review.status === 'released' || review.status === 'expired');

/** Mostly nobody asks, and every promise in the sandbox costs a captured stack. */
const handlersFinished = (): Promise<void> | undefined => (allHandlersFinished() ? undefined : condition(allHandlersFinished));

const ladderOf = (
  { orgId, event }: GovernEventInput,
  { eventId, reasons, riskScore, policy }: Decision,
  { id, url }: NonNullable<Decision['review']>,
): LadderRequest => ({
  orgId,
  reviewId: id,
  about: {
    what: `\`${event.action}\` of agent \`${event.agentId}\`, event \`${eventId}\``,
    why: `${reasons.join('; ') || 'the policy asks for a review'} (risk ${riskScore})`,
    policy: policy === null ? 'none' : `${policy.version}, rule ${policy.ruleId ?? 'default'}`,
    url,
  },
});

/** Makes what stands out findable. A plain ALLOW is not indexed again: it would cost the fast path a write. */
function showDecision({ value, riskScore, mast }: Decision): void {
  const categories = [...new Set(mast.map(({ category }) => category))];
  upsertSearchAttributes([
    { key: SEARCH_ATTRIBUTE.decision, value },
    { key: SEARCH_ATTRIBUTE.riskScore, value: riskScore },
    ...(categories.length === 0 ? [] : [{ key: SEARCH_ATTRIBUTE.mastCategory, value: categories }]),
  ]);
}
