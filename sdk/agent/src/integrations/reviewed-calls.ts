import { type EventDraft, letsPass } from '../decision.ts';
import { decideLocally } from '../decide-locally.ts';
import type { Governor } from '../governor.ts';

const MAX_CALLS = 10_000;
const reviewedBy = new WeakMap<Governor, Set<string>>();
const detect = decideLocally();

/** Notes that people have allowed a call: its result is no second question to them. */
export function noteReviewedCall(governor: Governor, callId: string | undefined): void {
  if (callId === undefined) return;
  const calls = reviewedBy.get(governor) ?? new Set();
  reviewedBy.set(governor, calls);
  calls.add(callId);
  const [oldest] = calls;
  if (calls.size > MAX_CALLS && oldest !== undefined) calls.delete(oldest);
}

/**
 * What is to be asked about a tool's answer. It is an event of the same action as its call, so that a rule which asks people about the action would ask
 * them about the answer too: where they have allowed the call, the answer is recorded, and asked about only where the detectors find something in it.
 */
export function askedOfResult(governor: Governor, drafts: readonly EventDraft[], callId: string | undefined): EventDraft[] {
  // Once: models that count their calls give the same id to another call later.
  const isReviewed = callId !== undefined && reviewedBy.get(governor)?.delete(callId) === true;
  return drafts.filter((draft) => {
    if (!isReviewed || !letsPass(detect(governor.name(draft)).value)) return true;
    governor.observe(draft);
    return false;
  });
}
