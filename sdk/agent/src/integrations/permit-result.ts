import { type EventDraft, letsPass } from '../decision.ts';
import { decideLocally } from '../decide-locally.ts';
import type { Governor } from '../governor.ts';
import { permitAll } from '../wrap/permit-all.ts';

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
 * Governs what a tool has answered. A result is an event of the same action as its call, so that a rule which asks people about the action would ask
 * them about the result too: where they have allowed the call, it is recorded, and asked about only where the detectors find something in it.
 * @throws MastGuardBlockedError
 */
export async function permitResult(
  governor: Governor,
  drafts: readonly EventDraft[],
  { callId, signal }: { callId?: string | undefined; signal?: AbortSignal | undefined },
): Promise<void> {
  // Once: models that count their calls give the same id to another call later.
  const isReviewed = callId !== undefined && reviewedBy.get(governor)?.delete(callId) === true;
  const asked = drafts.filter((draft) => !isReviewed || !letsPass(detect(governor.name(draft)).value));
  for (const draft of drafts) if (!asked.includes(draft)) governor.observe(draft);
  await permitAll(governor, asked, signal);
}
