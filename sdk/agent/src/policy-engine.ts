import { compileRules } from '../../../core/policy/compile-rules.ts';
import { lintRules } from '../../../core/policy/lint-rules.ts';
import type { PolicyIssue } from '../../../core/policy/policy-invalid.ts';
import type { AgentProfile } from '../../compliance/src/api-types.ts';
import type { GovernedEvent, ShieldDecision } from './decision.ts';
import { decideLocally } from './decide-locally.ts';
import type { PolicySet } from './policy-set.ts';
import { asServerPolicy } from './server-types.ts';
import type { SessionTracker } from './session-tracker.ts';

export interface PolicyEngineOptions {
  /** As decisions name it. Default: `local@1`. */
  version?: string | undefined;
  profile?: AgentProfile | undefined;
  sessions?: SessionTracker | undefined;
}

/**
 * A policy in this process: the same compiler, the same detectors and the same order of rules as on the server.
 * @example new PolicyEngine({ rules: [{ id: 'no-mail', priority: 10, when: { actions: ['send_email'] }, effect: 'block', reason: 'no mail' }] })
 * @throws PolicyInvalid with all `issues`, each with a JSON pointer
 */
export class PolicyEngine {
  readonly policy: PolicySet;
  readonly version: string;
  /** Made ready for evaluation; of no use outside of this package. */
  readonly compiled: object;
  readonly #decide: (event: GovernedEvent) => ShieldDecision;

  constructor(policy: PolicySet, { version = 'local@1', profile, sessions }: PolicyEngineOptions = {}) {
    this.policy = policy;
    this.version = version;
    this.compiled = compileRules(asServerPolicy(policy));
    this.#decide = decideLocally({ policy: this, profile, sessions });
  }

  /** Detectors and rules on one event. Nothing leaves the process. */
  evaluate(event: GovernedEvent): ShieldDecision {
    return this.#decide(event);
  }

  /** What is wrong with a policy; empty where nothing is. */
  static check(policy: PolicySet): PolicyIssue[] {
    return lintRules(asServerPolicy(policy));
  }
}
