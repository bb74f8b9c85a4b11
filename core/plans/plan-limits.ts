export type Plan = 'free' | 'pro' | 'enterprise';

export interface PlanLimits {
  /** How long new ledger bodies are kept, in days: one of the ledger's retention classes. */
  retentionDays: 7 | 90 | 2555;
  /** Governed events a month; null: no cap (Pro meters what is over its allowance). */
  eventQuota: number | null;
}

/** What a new organisation starts with. */
export const PLAN_LIMITS: Readonly<Record<Plan, PlanLimits>> = {
  free: { retentionDays: 7, eventQuota: 50_000 },
  pro: { retentionDays: 90, eventQuota: null },
  enterprise: { retentionDays: 2555, eventQuota: null },
};
