import { ActivityFailure, ApplicationFailure, isCancellation, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { DecisionActivities } from '../activities/decision.ts';
import type { GovernEventInput } from '../core/decision/govern-event-input.ts';
import type { Decision } from '../schemas/decision.ts';
import { FAST_DECISION, PATIENT_DECISION } from './options.ts';

const fast = proxyLocalActivities<DecisionActivities>(FAST_DECISION);
const patient = proxyActivities<DecisionActivities>(PATIENT_DECISION);

/**
 * Decides in the first workflow task. When the database is away the task must not be held: the same step goes on as a regular
 * activity until the record stands, so an accepted event is never lost.
 */
export function decide(input: GovernEventInput): Promise<Decision> {
  return fast.decideEvent(input).catch(async (error: unknown) => {
    if (isCancellation(error)) throw error;
    throwRefusal(error);
    try {
      return await patient.decideEvent(input);
    } catch (late) {
      throwRefusal(late);
      throw late;
    }
  });
}

/**
 * A refusal (id reused, quota used up) fails the run under its own type, so that a retry may start it again.
 * A local activity fails with the refusal itself, a regular one with a failure around it.
 */
function throwRefusal(error: unknown): void {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure && cause.nonRetryable === true) throw cause;
}
