import type { MastGuardClient } from '../../compliance/src/client.ts';
import type { EventInput, AgentProfile } from '../../compliance/src/api-types.ts';
import type { AuditLogger } from './audit-logger.ts';
import type { BufferStore } from './buffer-store.ts';
import type { Decide, GovernedEvent, ShieldDecision } from './decision.ts';
import type { PolicyEngine } from './policy-engine.ts';
import type { SessionTracker } from './session-tracker.ts';

/** A value, or where it comes from, asked for every event. */
export type Given<Value> = Value | (() => Value);

/**
 * What becomes of an action while MastGuard cannot be asked. `block`: it is not done. `allow`: it is. `local-policy`: detectors and `policy` in
 * this process decide. Whatever it was is told to MastGuard later, under the id of the event.
 */
export type OnUnavailable = 'block' | 'allow' | 'local-policy';

export interface ShieldOptions {
  /** `mg_live_…` or `mg_test_…`. Default: `MASTGUARD_API_KEY`. Not needed with `decide`. */
  apiKey?: string | undefined;
  /** Where the API answers. Default: `MASTGUARD_BASE_URL`, then `https://api.mastguard.io`. */
  baseUrl?: string | undefined;
  /** Instead of one made from the two above. */
  client?: MastGuardClient | undefined;
  /** Stable, so that the events of an agent group together. Default: `MASTGUARD_AGENT_ID`, then `default-agent`. */
  agentId?: Given<string> | undefined;
  /** Groups the events of one task or conversation, which loops, budgets and attack chains are told by. */
  sessionId?: Given<string | undefined> | undefined;
  /** On whose behalf the agent acts. */
  principal?: Given<EventInput['principal']> | undefined;
  /** Within which MastGuard has to answer. Default: 5,000 where `onUnavailable` is `block`, else 800. */
  deadlineMs?: number | undefined;
  /** Default: `block`. */
  onUnavailable?: OnUnavailable | undefined;
  /** With a HITL decision: `wait` for the reviewers, or `throw` at once. Default: `wait`. */
  onReview?: 'wait' | 'throw' | undefined;
  /** How long reviewers are waited for. Default: 300,000, five minutes. */
  reviewTimeoutMs?: number | undefined;
  /** Decides instead of MastGuard, which is then told of the events afterwards if there is a key; `decideLocally()` is one. */
  decide?: Decide | undefined;
  /** For `local-policy` and for what streams hold back. Default: detectors alone. */
  policy?: PolicyEngine | undefined;
  /** What the agent may use, for decisions in this process. */
  profile?: AgentProfile | undefined;
  /** State of sessions, for decisions in this process. */
  sessions?: SessionTracker | undefined;
  /** Keeps a chain of all decisions in this process. */
  audit?: AuditLogger | undefined;
  /** Where events wait while they cannot be delivered; shared only with the same key and address, or the same `client`. Default: memory, at most 10,000. */
  buffer?: BufferStore | undefined;
  /** Told of every decision, for logs and metrics. */
  onDecision?: ((decision: ShieldDecision, event: GovernedEvent) => void) | undefined;
  /** Told of what goes wrong in the background. */
  onFault?: ((fault: unknown) => void) | undefined;
}
