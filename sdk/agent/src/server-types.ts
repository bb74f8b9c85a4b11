import type { AgentProfile as ServerProfile } from '../../../schemas/agent.ts';
import type { GovernanceEvent } from '../../../schemas/event.ts';
import type { PolicySet as ServerPolicySet } from '../../../schemas/policy.ts';
import type { AgentProfile } from '../../compliance/src/api-types.ts';
import type { GovernedEvent } from './decision.ts';
import type { PolicySet } from './policy-set.ts';

/*
 * The types of the package and those of the server say the same (tests/sdk/agent/server-types.test.ts), but for `undefined` beside absent
 * members, and for JSON, which the package's callers may give as `unknown`.
 */
export const asServerEvent = (event: GovernedEvent): GovernanceEvent => event as GovernanceEvent;
export const asServerProfile = (profile: AgentProfile | undefined): ServerProfile | null => (profile as ServerProfile | undefined) ?? null;
export const asServerPolicy = (policy: PolicySet): ServerPolicySet => policy;
