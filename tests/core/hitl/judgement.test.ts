import { DEFAULT_REVIEW_PLAN } from '../../../core/hitl/default-plan.ts';
import { judgementPlan } from '../../../core/hitl/judgement.ts';

const REVIEWERS = { roles: ['Owner' as const] };

describe('judgementPlan', () => {
  it('is the ladder of last resort where the policy has none', () => {
    expect(judgementPlan(undefined)).toEqual(DEFAULT_REVIEW_PLAN);
  });

  it('keeps who decides and how many, and nothing that would let something pass', () => {
    const levels = [{ reviewers: REVIEWERS, quorum: 2, withinMs: 60_000 }];
    const plan = judgementPlan({ levels, twoPerson: true, allowEdit: true, outcome: 'allow', breakGlass: { reviewers: REVIEWERS, reviewWithinMs: 60_000 } });
    expect(plan).toEqual({ levels, twoPerson: true, outcome: 'block' });
  });
});
