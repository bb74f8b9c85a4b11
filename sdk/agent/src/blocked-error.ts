import type { ShieldDecision } from './decision.ts';

/** One symbol for every copy of this package in a process. */
const BRAND = Symbol.for('@auxdynamics/mastguard-agent-sdk/blocked-error');

/** An action must not be done. Thrown instead of doing it, and holds the whole decision. */
export class MastGuardBlockedError extends Error {
  readonly decision: ShieldDecision;

  constructor(decision: ShieldDecision) {
    super(messageOf(decision));
    Object.defineProperties(this, { name: { value: 'MastGuardBlockedError' }, [BRAND]: { value: true } });
    this.decision = decision;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && (value as { [BRAND]?: unknown })[BRAND] === true;
  }
}

function messageOf({ value, eventId, reasons, review }: ShieldDecision): string {
  const waits = value === 'HITL' && review !== undefined ? ` (review ${review.id})` : '';
  return `${value} for ${eventId}${waits}: ${reasons.join(' ') || 'no reason was given'}`;
}
