import type { LadderState } from '../../core/hitl/ladder-state.ts';
import type { ReviewPlan } from '../../core/hitl/review.ts';
import type { Role } from '../../schemas/access.ts';
import type { Sql } from '../client.ts';
import { asTenant } from '../tenant.ts';
import type { ReviewSummary } from './review-steps.ts';

export interface DecidingMember {
  memberId: string;
  name: string;
  role: Role;
}

export interface ReviewerPace {
  memberId: string;
  decided: number;
  medianMs: number | null;
  p90Ms: number | null;
  approvals: number;
  quickApprovals: number;
}

/** Active members whose role decides reviews, by name, and how each has decided since then. */
export function listReviewerPaces(sql: Sql, { orgId, since }: { orgId: string; since: Date }): Promise<{ members: DecidingMember[]; paces: ReviewerPace[] }> {
  return asTenant(sql, orgId, async (tx) => {
    const members = await tx<DecidingMember[]>`
      select id as "memberId", name, role from member
      where org_id = ${orgId} and status = 'active' and role in ('Owner', 'Admin', 'Reviewer') order by name, id`;
    const paces = await tx<ReviewerPace[]>`
      select member_id as "memberId", count(*)::int as decided,
             round(percentile_cont(0.5) within group (order by took_ms))::float8 as "medianMs",
             round(percentile_cont(0.9) within group (order by took_ms))::float8 as "p90Ms",
             count(*) filter (where verb in ('approve', 'edit'))::int as approvals,
             count(*) filter (where verb in ('approve', 'edit') and quick)::int as "quickApprovals"
      from review_vote where org_id = ${orgId} and at >= ${since} group by member_id`;
    return { members: [...members], paces: [...paces] };
  });
}

/** An open review, and the requests that are decided with it. */
export interface AskedReview {
  plan: ReviewPlan;
  state: LadderState;
  requests: { summary: ReviewSummary }[];
}

/** The newest open reviews that are asked. */
export function listAskedReviews(sql: Sql, { orgId, limit }: { orgId: string; limit: number }): Promise<AskedReview[]> {
  return asTenant(sql, orgId, async (tx) => {
    const rows = await tx<{ plan: string; state: string; summary: string; joined: string[] }[]>`
      select plan, state, summary, joined from review
      where org_id = ${orgId} and status = 'pending' and joined_to is null order by created_at desc, id desc limit ${limit}`;
    const joinedIds = rows.flatMap(({ joined }) => joined);
    const joined =
      joinedIds.length === 0
        ? []
        : await tx<{ id: string; summary: string }[]>`
      select id, summary from review where org_id = ${orgId} and status = 'pending' and id = any (${sql.array(joinedIds, 25)}::text[])`;
    const summaryOf = new Map(joined.map(({ id, summary }) => [id, summary]));
    return rows.map((row) => ({
      plan: JSON.parse(row.plan) as ReviewPlan,
      state: JSON.parse(row.state) as LadderState,
      requests: [row.summary, ...row.joined.flatMap((id) => summaryOf.get(id) ?? [])].map((summary) => ({ summary: JSON.parse(summary) as ReviewSummary })),
    }));
  });
}
