import { type ActiveGrant, allowByGrant, fittingGrant, type GrantedCall } from '../hitl/grant.ts';
import type { EventRecord } from '../ledger/event-record.ts';
import type { Evaluation } from './evaluation.ts';
import { restrain } from './restrain.ts';

/** What people have laid down beside the policy. */
export interface Standing {
  /** Why the agent may do nothing at the moment; null while it may. */
  stopped: string | null;
  /** Of the agent, oldest first. */
  grants: readonly ActiveGrant[];
}

/** What detectors and policy have found, under what stands: a stop blocks, and a grant lets pass what would wait for a person. `grant`: the one that did. */
export function applyStanding(
  evaluation: Evaluation,
  { stopped, grants }: Standing,
  { mode, ...call }: GrantedCall & Pick<EventRecord, 'mode'>,
): { evaluation: Evaluation; grant: ActiveGrant | null } {
  const restrained = restrain(evaluation, mode, stopped);
  const grant = restrained.value === 'HITL' ? fittingGrant(grants, call) : null;
  return { evaluation: grant === null ? restrained : allowByGrant(restrained, grant), grant };
}
