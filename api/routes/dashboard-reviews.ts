import type { Request, Response, Router } from 'express';
import type { LadderState } from '../../core/hitl/ladder-state.ts';
import type { ReviewPlan } from '../../core/hitl/review.ts';
import { openRecordedEvent } from '../../db/event-seal.ts';
import { findActiveMember } from '../../db/queries/members.ts';
import type { ReviewSummary } from '../../db/queries/review-steps.ts';
import { findReview } from '../../db/queries/reviews.ts';
import type { ReviewRow } from '../../db/queries/reviews.ts';
import { ReviewDecisionInput } from '../../schemas/review.ts';
import type { SessionPrincipal } from '../access/principal.ts';
import { askedThrough } from '../asked-review.ts';
import { newId } from '../ids.ts';
import { obstacleTo } from '../obstacle.ts';
import { field, formBody } from '../pages/form.ts';
import { reviewView } from '../pages/review-view.ts';
import { visible } from '../pages/text.ts';
import { HttpProblem } from '../problem.ts';
import { voterOf } from '../reviewer.ts';
import { note } from './dashboard-kit.ts';
import type { DashboardOptions, PageKit } from './dashboard-kit.ts';

type Options = Pick<DashboardOptions, 'vault' | 'handlers' | 'pages' | 'now'>;

/** `/dashboard/reviews/{id}`: what, why, who may decide, and the decision itself. */
export function reviewPages(router: Router, { vault, handlers, pages, now }: Options, { principalOf, facts, chrome, runUrl }: PageKit): void {
  const { sql } = vault;
  const show = async (
    req: Request,
    res: Response,
    { notice = null, reasonGiven = '' }: { notice?: string | null; reasonGiven?: string } = {},
  ): Promise<void> => {
    const principal = principalOf(res);
    const { orgId } = principal;
    const review = await findReview(vault, { orgId, reviewId: idOf(req) });
    if (review === undefined) throw new HttpProblem('not-found');
    const [frame, asked, recorded, names, obstacle] = await Promise.all([
      chrome(req, res, `Review of ${visible(review.action)}`),
      askedThrough(vault, orgId, review),
      openRecordedEvent(vault, { orgId, eventId: review.eventId }),
      memberNames(orgId, review),
      obstacleFor(principal, review),
    ]);
    const view = reviewView({
      chrome: frame,
      review,
      asked: asked ?? review,
      recorded,
      names,
      obstacle,
      notice,
      formId: newId('req'),
      reasonGiven,
      runUrl: runUrl(orgId, review.eventId),
      nowMs: now(),
    });
    res.type('html').send(pages.render('review', view));
  };

  /** Null where this member may decide the level that is asked now. */
  const obstacleFor = async (principal: SessionPrincipal, review: ReviewRow): Promise<string | null> => {
    try {
      const { memberId } = await voterOf(sql, principal);
      return await obstacleTo(vault, { orgId: principal.orgId, memberId, review, nowMs: now() });
    } catch (error) {
      if (error instanceof HttpProblem && error.code === 'not-permitted') return error.message;
      throw error;
    }
  };

  /** Of those the review names, as far as they are still members. */
  const memberNames = async (orgId: string, { plan, state, summary }: ReviewRow): Promise<Map<string, string>> => {
    const { requester } = JSON.parse(summary) as ReviewSummary;
    const ids = new Set([
      ...(JSON.parse(state) as LadderState).steps.map(({ actor }) => actor),
      ...(JSON.parse(plan) as ReviewPlan).levels.flatMap(({ reviewers }) => reviewers.users ?? []),
      ...(requester.startsWith('member:') ? [requester.slice('member:'.length)] : []),
    ]);
    const members = await Promise.all([...ids].slice(0, 32).map((memberId) => findActiveMember(sql, { orgId, memberId })));
    return new Map(members.flatMap((member) => (member === undefined ? [] : [[member.id, member.name] as const])));
  };

  router.get('/dashboard/reviews/:id', note('/dashboard/reviews/{id}'), (req, res) => show(req, res));

  router.post('/dashboard/reviews/:id', note('/dashboard/reviews/{id}'), formBody, async (req, res) => {
    const id = idOf(req);
    const reasonGiven = field(req, 'reason');
    const reason = reasonGiven.trim();
    try {
      // The route table's scope, which the router of the API would have checked.
      if (!principalOf(res).scopes.includes('hitl:decide')) throw new HttpProblem('missing-scope', { detail: 'your role does not decide reviews' });
      // What the form was shown with: a vote does not count for what has been changed since.
      const digest = field(req, 'digest');
      const input = ReviewDecisionInput.safeParse({ verb: field(req, 'verb'), ...(digest === '' ? {} : { digest }), ...(reason === '' ? {} : { reason }) });
      if (!input.success)
        throw new HttpProblem('validation-failed', { detail: 'choose approve, reject or escalate, and give a reason of at most 2048 characters' });
      const request = facts(req, res);
      // One form, one decision: a second click on the same page must not escalate twice.
      const formId = field(req, 'requestId');
      const requestId = /^req_[0-9A-Z]{26}$/.test(formId) ? formId : request.requestId;
      await handlers.decideReview({ params: { id }, query: undefined, headers: undefined, body: input.data }, { ...request, requestId });
      res.redirect(303, `/dashboard/reviews/${encodeURIComponent(id)}`);
    } catch (error) {
      if (!(error instanceof HttpProblem) || error.code === 'not-found') throw error;
      res.status(error.status);
      const notice =
        error.code === 'review-decided' ? 'Your decision came too late and was not recorded. What stands is below.' : `Not recorded: ${error.message}.`;
      await show(req, res, { notice, reasonGiven });
    }
  });
}

function idOf(req: Request): string {
  const { id } = req.params;
  if (typeof id !== 'string' || !/^[\w.:-]{1,128}$/.test(id)) throw new HttpProblem('not-found');
  return id;
}
