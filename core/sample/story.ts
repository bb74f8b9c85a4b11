import type { DecisionValue } from '../../schemas/decision.ts';
import type { GovernanceEvent } from '../../schemas/event.ts';
import type { MastCategory } from '../../schemas/mast.ts';
import { BILLING_MONTH_END, BILLING_REFUNDS, BILLING_REMINDERS } from './billing-events.ts';
import { OPS_NIGHT, OPS_RELEASE } from './ops-events.ts';
import { SUPPORT_CLOSING, SUPPORT_TICKETS } from './support-events.ts';

export interface StoryEvent {
  /** Its id is fixed, so that sending it again returns the decision on record. A changed body needs a new id. */
  event: GovernanceEvent;
  expected: ExpectedDecision;
}

/** What the demo policy and the detectors make of it. `categories` are distinct and sorted. */
export interface ExpectedDecision {
  value: DecisionValue;
  categories: readonly MastCategory[];
}

/**
 * One day at a wholesaler of office supplies: a service that does not come back at night, reminders and refunds, tickets of
 * which some are not what they seem, a release. In the order of the day; the events of one session stay in that order.
 */
export const STORY: readonly StoryEvent[] = [
  ...OPS_NIGHT,
  ...BILLING_REMINDERS,
  ...SUPPORT_TICKETS,
  ...BILLING_REFUNDS,
  ...OPS_RELEASE,
  ...BILLING_MONTH_END,
  ...SUPPORT_CLOSING,
];

/** Distinct categories of findings, sorted as in {@link ExpectedDecision}. */
export function categoriesOf(findings: readonly { category: MastCategory }[]): MastCategory[] {
  return [...new Set(findings.map(({ category }) => category))].toSorted();
}
