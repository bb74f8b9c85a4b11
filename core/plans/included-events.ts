import type { Plan } from './plan-limits.ts';

/** Governed events a month that the price of a plan includes; null: without bound. What Pro uses beyond them is metered, not refused. */
export const INCLUDED_EVENTS: Readonly<Record<Plan, number | null>> = { free: 50_000, pro: 2_000_000, enterprise: null };
