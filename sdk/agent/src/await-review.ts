import { actionDigest } from '../../compliance/src/action-digest.ts';
import type { Review } from '../../compliance/src/api-types.ts';
import type { MastGuardClient } from '../../compliance/src/client.ts';
import { MastGuardConflictError, MastGuardConnectionError } from '../../compliance/src/errors.ts';
import { within } from '../../compliance/src/within.ts';
import { MastGuardBlockedError } from './blocked-error.ts';
import type { GovernedEvent, ShieldDecision } from './decision.ts';
import type { Permit } from './permit.ts';

/** Longer than a deadline may be: who gives up early may leave an approval behind that is used up, with nothing done. */
const USE_MS = 10_000;

/**
 * Waits for the reviewers of a HITL decision, and uses their approval.
 * @throws MastGuardBlockedError where they refuse, do not decide in time, or the approval no longer fits
 * @throws MastGuardConnectionError `timeout` where MastGuard does not answer in time
 */
export async function awaitReview(
  client: MastGuardClient,
  { event, decision }: { event: GovernedEvent; decision: ShieldDecision },
  { timeoutMs, deadlineMs = USE_MS, signal }: { timeoutMs: number; deadlineMs?: number; signal?: AbortSignal | undefined },
): Promise<Permit> {
  if (decision.review === undefined) throw new MastGuardBlockedError(decision);
  const review = await client.hitl.wait(decision.review.id, { timeoutMs, signal });
  if (review.status === 'pending') throw refused(decision, `Nobody has decided within ${timeoutMs} ms.`);
  if (review.outcome !== 'allow') throw refused(decision, answerOf(review));
  const args = review.args ?? undefined;
  const action = args === undefined || event.tool === undefined ? event : { ...event, tool: { ...event.tool, args } };
  const digest = actionDigest(action, review.policy?.version ?? null);
  const useMs = Math.max(USE_MS, deadlineMs);
  const late = new MastGuardConnectionError(`no answer about the use of the approval within ${useMs} ms`, { code: 'timeout' });
  try {
    await within(useMs, { signal, late }, async (ended) => client.hitl.consume(review.id, { digest }, { signal: ended }));
  } catch (error) {
    if (error instanceof MastGuardConflictError) throw refused(decision, 'The approval cannot be used: it is used up, too old, or for another action.');
    throw error;
  }
  return { event, decision, args };
}

const refused = (decision: ShieldDecision, reason: string): MastGuardBlockedError =>
  new MastGuardBlockedError({ ...decision, reasons: [reason, ...decision.reasons] });

/** What the reviewers have to say, which an agent plans again with. */
function answerOf({ status, response, steps }: Review): string {
  if (status === 'responded') return `A reviewer answers: ${response ?? ''}`;
  const why = steps.findLast(({ step, reason }) => step === 'reject' && reason !== undefined)?.reason;
  return ['The reviewers have not allowed it.', why].filter(Boolean).join(' ');
}
