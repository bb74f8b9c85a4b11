import { countAwaited, quickness } from '../../core/hitl/reviewer-load.ts';
import { listAskedReviews, listReviewerPaces } from '../../db/queries/reviewer-load.ts';
import { standingsFor } from '../../db/queries/standing.ts';
import type { SubjectVault } from '../../db/subject-vault.ts';
import type { Handlers } from '../handler.ts';

const PERIOD_MS = 30 * 86_400_000;
/** Who may decide depends on plans, roles, delegations and requesters, so it is computed review by review: a bounded number of them. */
const MAX_OPEN = 1_000;

export function reviewerLoadRoutes({ vault, now }: { vault: SubjectVault; now: () => number }): Handlers<'listReviewers'> {
  const { sql } = vault;
  return {
    async listReviewers(_input, { principal: { orgId } }) {
      const nowMs = now();
      const since = new Date(nowMs - PERIOD_MS);
      const [{ members, paces }, open] = await Promise.all([listReviewerPaces(sql, { orgId, since }), listAskedReviews(sql, { orgId, limit: MAX_OPEN + 1 })]);
      const looked = open.slice(0, MAX_OPEN);
      const standings = await standingsFor(
        vault,
        orgId,
        looked.map(({ requests }) => requests),
        nowMs,
      );
      const awaited = countAwaited(looked.flatMap((review, index) => (standings[index] === undefined ? [] : [{ ...review, standing: standings[index] }])));
      const paceOf = new Map(paces.map(({ memberId, ...pace }) => [memberId, pace]));
      const data = members.map(({ memberId, name, role }) => {
        const pace = paceOf.get(memberId) ?? { decided: 0, medianMs: null, p90Ms: null, approvals: 0, quickApprovals: 0 };
        return { memberId, name, role, open: awaited.get(memberId) ?? 0, ...pace, ...quickness(pace) };
      });
      return { status: 200, body: { data, since: since.toISOString(), openReviews: { lookedAt: looked.length, complete: open.length <= MAX_OPEN } } };
    },
  };
}
