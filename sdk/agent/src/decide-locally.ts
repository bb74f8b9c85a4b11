import { evaluateEvent } from '../../../core/decision/evaluate-event.ts';
import type { CompiledPolicy } from '../../../core/policy/compile-rules.ts';
import type { GovernedEvent, ShieldDecision } from './decision.ts';
import { asServerEvent, asServerProfile } from './server-types.ts';
import { sha256Hex } from './sha256-hex.ts';
import type { ShieldOptions } from './shield-options.ts';

/** Decisions in this process: by detectors, and by policy, profile and session where they are given. Nothing leaves the process. */
export function decideLocally({ policy, profile, sessions }: Pick<ShieldOptions, 'policy' | 'profile' | 'sessions'> = {}): (
  event: GovernedEvent,
) => ShieldDecision {
  const active = policy === undefined ? null : { version: policy.version, compiled: policy.compiled as CompiledPolicy };
  return (event) => {
    const nowMs = Date.now();
    const evaluation = evaluateEvent({
      // Which organisation the agent belongs to only the server knows: who acts for one is compared by `principal.org`.
      orgId: null,
      event: asServerEvent(event),
      profile: asServerProfile(profile),
      session: sessions?.stateOf(event, nowMs) ?? null,
      policy: active,
      nowMs,
      sha256Hex,
    });
    if (evaluation.session !== null) sessions?.keep(event, evaluation.session);
    const { value, riskScore, reasons, policy: decidedBy } = evaluation;
    const mast = evaluation.findings.map(({ category, mode, detector, confidence }) => ({ category, mode, detector, confidence }));
    return { eventId: event.id, value, source: 'local', mast, riskScore, reasons, policy: decidedBy };
  };
}
