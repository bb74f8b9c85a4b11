import { randomUUID } from 'node:crypto';
import { createReviewActivities } from '../../activities/review.ts';
import { createReweigh } from '../../activities/reweigh.ts';
import { createSweepActivities, type SweepPageRequest, type SweptPage, type WaitingRun } from '../../activities/sweep.ts';
import { createWeigh } from '../../activities/weigh.ts';
import { canonicalize } from '../../core/json/canonical.ts';
import type { Sql } from '../../db/client.ts';
import type { AuditEntry } from '../../db/queries/audit.ts';
import { createMember } from '../../db/queries/members.ts';
import { activatePolicy, createPolicy } from '../../db/queries/policies.ts';
import { findReview, type ReviewRow } from '../../db/queries/reviews.ts';
import { sweepIdOf } from '../../db/queries/sweeps.ts';
import { asTenant } from '../../db/tenant.ts';
import type { Decision } from '../../schemas/decision.ts';
import type { GovernanceEvent } from '../../schemas/event.ts';
import type { Json } from '../../schemas/json.ts';
import type { PolicyRule, PolicySet } from '../../schemas/policy.ts';
import type { ReviewPolicy } from '../../schemas/review-policy.ts';
import { createDecisionServices } from '../../workers/decision-services.ts';
import { addOrganization, auditOf, sha256Hex } from './ledger-records.ts';
import { testVault } from './vault.ts';

/** Two approvals of reviewers, so that one vote leaves a review waiting. */
export const TWO_OF_US: ReviewPolicy = { levels: [{ reviewers: { roles: ['Reviewer'] }, quorum: 2, withinMs: 3_600_000 }], allowEdit: true };

export const ruleOf = (effect: PolicyRule['effect'], changes: Partial<PolicyRule> = {}): PolicySet => ({
  rules: [
    {
      id: 'pay',
      priority: 10,
      when: { actions: ['pay'] },
      effect,
      reason: `payments: ${effect}`,
      ...(effect === 'hitl' ? { review: TWO_OF_US } : {}),
      ...changes,
    },
  ],
});

/** An organisation whose events are decided for real, with nothing of Temporal: what is parked here waits for the test. */
export async function parkReviews(sql: Sql, policy: PolicySet = ruleOf('hitl')) {
  const orgId = await addOrganization(sql);
  const told: WaitingRun[] = [];
  const tellRuns = async (_orgId: string, runs: readonly WaitingRun[]): Promise<void> => void told.push(...runs);
  const now = Date.now;
  const vault = testVault(sql);
  const reviews = createReviewActivities({ vault, weigh: createWeigh({ vault, now }), now });
  const sweeps = createSweepActivities({ vault, reweigh: createReweigh({ vault, now }), tellRuns, now, pageSize: 10 });
  const { activities } = createDecisionServices({ vault, publicUrl: 'http://example.com' });
  let policies = 0;

  const activate = async (set: PolicySet): Promise<AuditEntry> => {
    policies += 1;
    const policyId = `pol_${policies}`;
    const document = canonicalize(set as unknown as Json);
    await createPolicy(sql, { orgId, policyId, name: policyId, document, digest: Buffer.alloc(32), createdBy: 'system', audit: auditOf('policy.created') });
    const audit = auditOf('policy.activated');
    await activatePolicy(sql, { orgId, policyId, version: 1, audit });
    return audit;
  };

  const read = async (reviewId: string): Promise<ReviewRow> => {
    const row = await findReview(vault, { orgId, reviewId });
    if (row === undefined) throw new Error(`there is no review ${reviewId}`);
    return row;
  };

  const decide = (event: Partial<GovernanceEvent> = {}, requester = 'key:asker'): Promise<Decision> => {
    const whole = { id: randomUUID(), agentId: 'treasury', action: 'pay', ...event } as GovernanceEvent;
    const digest = sha256Hex(canonicalize(whole as unknown as Json));
    return activities.decideEvent({ orgId, event: whole, digest, requester, requestId: 'req_test', receivedAtMs: Date.now() });
  };

  for (const id of ['ann', 'bob']) {
    await createMember(sql, {
      orgId,
      id,
      email: `${id}@example.com`,
      name: id,
      role: 'Reviewer',
      groups: [],
      passwordHash: null,
      audit: auditOf('member.created'),
    });
  }
  await activate(policy);

  return {
    orgId,
    told,
    /** The steps themselves, as runs and the watch for overdue reviews take them. */
    steps: reviews,
    activate,
    read,
    sweepPage: (request: SweepPageRequest) => sweeps.sweepPage(request),
    decide,
    /** Parks one and answers the id of its review. */
    park: async (event: Partial<GovernanceEvent> = {}, requester?: string): Promise<string> => {
      const { review, value } = await decide(event, requester);
      if (review === undefined) throw new Error(`decided ${value}, not parked`);
      return review.id;
    },
    vote: (reviewId: string, memberId: string, fields: object = {}) =>
      reviews.takeReviewStep({ orgId, reviewId, stepKey: `vote/${randomUUID()}`, move: { step: 'approve', memberId, via: 'session', ...fields } }),
    withdraw: (reviewId: string) =>
      reviews.takeReviewStep({ orgId, reviewId, stepKey: `withdraw/${randomUUID()}`, move: { step: 'withdraw', actor: 'key:asker' } }),
    /** The sweep of that change, from the first page to the last. */
    async sweep(audit: AuditEntry): Promise<SweptPage> {
      for (let after: SweptPage['next'] = null; ;) {
        const page: SweptPage = await sweeps.sweepPage({ orgId, sweepId: sweepIdOf(audit), ...(after === null ? {} : { after }) });
        if (page.next === null) return page;
        after = page.next;
      }
    },
    /** Steps of a review in the ledger, in order. */
    recorded: (reviewId: string): Promise<{ step: string; status: string; actionDigest: string }[]> =>
      asTenant(sql, orgId, async (tx) => {
        const rows = await tx<{ body: string }[]>`select body from hitl_decisions where org_id = ${orgId} and review_id = ${reviewId} order by seq`;
        return rows.map(({ body }) => JSON.parse(body) as { step: string; status: string; actionDigest: string });
      }),
  };
}
