import type { PolicySet } from '../../schemas/policy.ts';

/** What a new organisation starts with: no rules, so that each detector's default outcome decides. */
export const DEFAULT_POLICY: PolicySet = { rules: [] };
