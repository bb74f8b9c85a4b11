import { allHandlersFinished, ApplicationFailure, condition, setHandler, upsertSearchAttributes } from '@temporalio/workflow';
import type { GovernEventInput } from '../core/decision/govern-event-input.ts';
import type { Decision, DecisionValue } from '../schemas/decision.ts';
import { decide } from './decide.ts';
import { decisionUpdate } from './messages.ts';
import { climbLadder, type ReviewedOutcome } from './review-ladder.ts';
import { SEARCH_ATTRIBUTE } from './search-attributes.ts';

export interface GovernedEvent {
  eventId: string;
  value: DecisionValue;
  /** How the review ended, for an event that needed one. */
  review: ReviewedOutcome | null;
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
  const review =
    decision.review === undefined ? null : await climbLadder({ orgId: input.orgId, decision, action: input.event.action, agentId: input.event.agentId });
  await handlersFinished();
  return { eventId: input.event.id, value: decision.value, review };
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

/** Mostly nobody asks, and every promise in the sandbox costs a captured stack. */
const handlersFinished = (): Promise<void> | undefined => (allHandlersFinished() ? undefined : condition(allHandlersFinished));

/** Makes what stands out findable. A plain ALLOW is not indexed again: it would cost the fast path a write. */
function showDecision({ value, riskScore, mast }: Decision): void {
  const categories = [...new Set(mast.map(({ category }) => category))];
  upsertSearchAttributes([
    { key: SEARCH_ATTRIBUTE.decision, value },
    { key: SEARCH_ATTRIBUTE.riskScore, value: riskScore },
    ...(categories.length === 0 ? [] : [{ key: SEARCH_ATTRIBUTE.mastCategory, value: categories }]),
  ]);
}
