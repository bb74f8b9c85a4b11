import type { MastCategory } from '../../schemas/mast.ts';
import { BILLING_MONTH_END, BILLING_REFUNDS, BILLING_REMINDERS } from './billing-events.ts';
import { OPS_NIGHT, OPS_RELEASE } from './ops-events.ts';
import type { StoryEvent } from './story-event.ts';
import { SUPPORT_CLOSING, SUPPORT_TICKETS } from './support-events.ts';

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
