import type { Review } from '../../../compliance/src/api-types.ts';
import type { MastGuardClient } from '../../../compliance/src/client.ts';
import { MastGuardConnectionError, MastGuardRateLimitError, MastGuardServerError } from '../../../compliance/src/errors.ts';
import { sleep } from '../../../compliance/src/sleep.ts';
import { awaitReview } from '../await-review.ts';
import { MastGuardBlockedError } from '../blocked-error.ts';
import { type EventDraft, type GovernedEvent, letsPass, type ShieldDecision } from '../decision.ts';
import type { Governor } from '../governor.ts';
import type { Permit } from '../permit.ts';
import { type Denial, denialOf, denialOfReview } from './answers.ts';
import type { OperationControl } from './held-operations.ts';

export type Permission = { permit: Permit; wasHeld: boolean } | { denial: Denial };

export interface HeldPermitsOptions {
  governor: Governor;
  client: MastGuardClient;
  /** Told of what goes on in the background, so that the proxy can wait for it at its end. */
  track: (work: Promise<unknown>) => void;
}

export interface Decided {
  event: GovernedEvent;
  decision: ShieldDecision;
}

/** How operations are permitted: no review is left to people that nobody waits for. */
export interface HeldPermits {
  /** Asks. The answer is heard also when the operation has ended meanwhile: a review may have been opened for it, and is withdrawn. */
  decide: (control: OperationControl, draft: EventDraft) => Promise<Decided>;
  /** What a decision comes to; where people decide, the operation is held, so that callers may go and come back meanwhile. The approval is used up when it returns. */
  permit: (control: OperationControl, decided: Decided) => Promise<Permission>;
  /** People need not decide any more. In the background. */
  withdraw: (decided: Decided) => void;
}

export function createHeldPermits({ governor, client, track }: HeldPermitsOptions): HeldPermits {
  const withdraw = async ({ decision }: Decided): Promise<void> => {
    if (isHeld(decision)) await client.hitl.withdraw(decision.review.id, { reason: 'The client no longer asks.' }, { maxRetries: 1 }).catch(() => undefined);
  };

  const decide = async (signal: AbortSignal, draft: EventDraft): Promise<Decided> => {
    const decided = await governor.decide(draft);
    if (signal.aborted) await withdraw(decided);
    signal.throwIfAborted();
    return decided;
  };

  return {
    async decide({ signal }, draft) {
      signal.throwIfAborted();
      const asked = decide(signal, draft);
      track(asked);
      return asked;
    },
    async permit(control, decided) {
      const { event, decision } = decided;
      if (letsPass(decision.value)) return { permit: { event, decision, args: undefined }, wasHeld: false };
      if (!isHeld(decision)) return { denial: denialOf(decision) };
      const { id, url, expiresAt } = decision.review;
      try {
        const review = await control.hold({ reviewId: id, url, expiresAt }, settled(client, id, control.signal));
        if (review.outcome !== 'allow') return { denial: denialOfReview(review) };
      } catch (error) {
        // The client has gone, and nobody else waits.
        if (control.signal.aborted) track(withdraw(decided));
        throw error;
      }
      try {
        return { permit: await awaitReview(client, { event, decision }, { timeoutMs: 10_000, signal: control.signal }), wasHeld: true };
      } catch (error) {
        if (!(error instanceof MastGuardBlockedError)) throw error;
        return { denial: { ...denialOf(error.decision), retryable: true } };
      }
    },
    withdraw: (decided) => track(withdraw(decided)),
  };
}

/** Whether people will decide. */
export const isHeld = (decision: ShieldDecision): decision is ShieldDecision & { review: NonNullable<ShieldDecision['review']> } =>
  decision.value === 'HITL' && decision.review !== undefined;

const RETRY_MS = 2_000;

/** However long MastGuard is away meanwhile. */
async function settled(client: MastGuardClient, id: string, signal: AbortSignal): Promise<Review> {
  for (;;) {
    try {
      return await client.hitl.wait(id, { signal });
    } catch (error) {
      const mayPass = error instanceof MastGuardConnectionError || error instanceof MastGuardServerError || error instanceof MastGuardRateLimitError;
      if (signal.aborted || !mayPass) throw error;
      await sleep(RETRY_MS, signal);
    }
  }
}
