import type { Json } from '../../compliance/src/api-types.ts';
import type { GovernedEvent, ShieldDecision } from './decision.ts';

/** Leave to act. */
export interface Permit {
  event: GovernedEvent;
  decision: ShieldDecision;
  /** The arguments to act with, where a reviewer has changed those asked for. */
  args: Record<string, Json> | undefined;
}
