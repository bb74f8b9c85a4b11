import type { DefaultOutcome, Finding } from '../mast/finding.ts';

/** How far one certain finding raises the score, by what it would have happen. `docs/spec/risk-score.md` */
export const RISK_WEIGHTS: Readonly<Record<DefaultOutcome, number>> = { alert: 0.4, hitl: 0.7, block: 0.95 };

/** 0 (nothing found) to 100. Noisy-or: each finding leaves `1 − weight × confidence` of the remaining room. */
export function riskScore(findings: readonly Pick<Finding, 'outcome' | 'confidence'>[]): number {
  let safe = 1;
  for (const { outcome, confidence } of findings) safe *= 1 - RISK_WEIGHTS[outcome] * Math.min(1, Math.max(0, confidence));
  return Math.round(100 * (1 - safe));
}
