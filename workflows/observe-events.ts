import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { DecisionActivities } from '../activities/decision.ts';
import type { ObserveEventsInput } from '../core/decision/govern-event-input.ts';
import { FAST_OBSERVATION, PATIENT_DECISION } from './options.ts';

const fast = proxyLocalActivities<DecisionActivities>(FAST_OBSERVATION);
const patient = proxyActivities<DecisionActivities>(PATIENT_DECISION);

/** Records a batch of events that have happened already. Items are told apart by their own record ids, so a repeat is harmless. */
export async function observeEvents(input: ObserveEventsInput): Promise<{ recorded: number; conflicts: number; refused: number }> {
  try {
    return await fast.observeEvents(input);
  } catch {
    return patient.observeEvents(input);
  }
}
