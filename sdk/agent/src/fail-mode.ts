import type { GovernedEvent, ShieldDecision } from './decision.ts';
import type { UnavailableCause } from './unavailable.ts';

const WHY: Readonly<Record<UnavailableCause, string>> = {
  deadline: 'MastGuard did not answer in time.',
  unreachable: 'MastGuard could not be reached.',
  'server-error': 'MastGuard could not decide.',
  'rate-limited': 'MastGuard was asked too often.',
  quota: 'The events of the month are used up.',
};

/** What `onUnavailable` makes of an event that nobody decided. */
export function failModeDecision({ id }: GovernedEvent, mode: 'block' | 'allow', cause: UnavailableCause): ShieldDecision {
  const value = mode === 'allow' ? 'ALLOW' : 'BLOCK';
  return { eventId: id, value, source: 'fail-mode', mast: [], riskScore: 0, reasons: [`${WHY[cause]} \`onUnavailable\` is \`${mode}\`.`], policy: null };
}
