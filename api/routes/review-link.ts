import { Router, type Request, type Response } from 'express';
import type { Logger } from 'pino';
import { SCOPES_OF_ROLE } from '../../core/access/permissions.ts';
import type { BucketLimit } from '../../core/access/token-bucket.ts';
import type { LadderState } from '../../core/hitl/ladder-state.ts';
import { openRecordedEvent } from '../../db/event-seal.ts';
import { findActiveMember, type Member } from '../../db/queries/members.ts';
import { isReviewLinkSpent, spendReviewLink } from '../../db/queries/notifications.ts';
import { findReview, type ReviewRow } from '../../db/queries/reviews.ts';
import type { SubjectVault } from '../../db/subject-vault.ts';
import { ReviewDecisionInput } from '../../schemas/review.ts';
import { callerNetwork } from '../access/caller-network.ts';
import type { ReviewLink, ReviewLinks } from '../access/review-link.ts';
import { contextOf } from '../context.ts';
import type { GovernanceRuntime } from '../governance-runtime.ts';
import { sameOrigin } from '../middleware/same-origin.ts';
import { obstacleTo } from '../obstacle.ts';
import type { Pages } from '../pages.ts';
import { signedOutChrome } from '../pages/chrome.ts';
import { field, formBody } from '../pages/form.ts';
import { problemPage } from '../pages/problem-page.ts';
import { reviewLinkView } from '../pages/review-link-view.ts';
import { HttpProblem, retryAfter } from '../problem.ts';
import { createRateLimiter } from '../rate-limiter.ts';
import { note } from './dashboard-kit.ts';

export interface ReviewLinkOptions {
  vault: SubjectVault;
  runtime: Pick<GovernanceRuntime, 'review'>;
  links: Pick<ReviewLinks, 'read'>;
  publicOrigin: string;
  pages: Pages;
  logger: Logger;
  now: () => number;
  /** Per link, and per network address for what is no link of ours. */
  limit?: BucketLimit;
}

/** A link that opened, and all its page needs. */
interface Opened {
  link: ReviewLink;
  review: ReviewRow;
  member: Member;
  /** Why the link decides nothing now; null where it may. */
  standing: string | null;
}

const VERBS = new Set(['approve', 'reject', 'escalate']);

/**
 * `/review/{token}`: deciding without a sign-in. The token is the capability, made for one person and one action. Looking changes
 * nothing, so that whatever follows links in mails decides nothing; the button does.
 */
export function createReviewLinkRouter({
  vault,
  runtime,
  links,
  publicOrigin,
  pages,
  logger,
  now,
  limit = { burst: 20, windowMs: 15 * 60_000 },
}: ReviewLinkOptions): Router {
  const { sql } = vault;
  const limiter = createRateLimiter({ limit, now });
  const router = Router({ caseSensitive: true, strict: true });

  const take = (bucket: string): void => {
    const { allowed, retryMs } = limiter.take(bucket);
    if (!allowed) throw new HttpProblem('rate-limited', { detail: 'too many tries', headers: retryAfter(retryMs) });
  };

  /** Null for a link that does not work, whatever is wrong with it; `expired` is told apart, since its holder is known to have had it. */
  const open = async (req: Request): Promise<Opened | 'expired' | null> => {
    const { token } = req.params;
    const link = typeof token === 'string' ? links.read(token) : null;
    take(link === null ? `network ${callerNetwork(req.ip ?? '')}` : `link ${link.id}`);
    if (link === null) return null;
    const { orgId, reviewId, memberId } = link;
    const [review, member] = await Promise.all([findReview(vault, { orgId, reviewId }), findActiveMember(sql, { orgId, memberId })]);
    if (review === undefined || member === undefined || !SCOPES_OF_ROLE[member.role].includes('hitl:decide')) return null;
    if (link.expiresAtMs <= now()) return 'expired';
    return { link, review, member, standing: await standingOf(link, review) };
  };

  const standingOf = async ({ orgId, memberId, digest, id: linkId }: ReviewLink, review: ReviewRow): Promise<string | null> => {
    const { steps } = JSON.parse(review.state) as LadderState;
    const used = steps.find(({ via }) => via === `link:${linkId}`);
    const whole = `The review is ${review.status === 'pending' ? 'still pending: others decide as well' : review.status}.`;
    if (used !== undefined) return `This link has been used, and your decision is on record: ${used.step}. ${whole}`;
    if (await isReviewLinkSpent(sql, { orgId, linkId })) return `This link has been used. ${whole}`;
    if (review.status !== 'pending') return `There is nothing left to decide. ${whole}`;
    if (review.actionDigest !== digest) return 'The action has changed since this link was sent. Sign in to see what is asked now.';
    const obstacle = review.joinedTo === null ? await obstacleTo(vault, { orgId, memberId, review, nowMs: now() }) : 'it is decided through another review';
    return obstacle === null ? null : `You cannot decide this: ${obstacle}.`;
  };

  const show = async (req: Request, res: Response, { link, review, member, standing }: Opened, notice: string | null = null): Promise<void> => {
    const recorded = await openRecordedEvent(vault, { orgId: link.orgId, eventId: review.eventId });
    const input = { review, recorded, memberName: member.name, standing, notice, reasonGiven: field(req, 'reason'), url: req.path, nowMs: now() };
    res.type('html').send(pages.render('review-link', reviewLinkView(input)));
  };

  const refuse = (res: Response, status: 404 | 410): void => {
    const heading = 'This link does not work';
    const text = 'It is not valid, or not valid any more. Sign in to see what waits for you.';
    const view = { chrome: signedOutChrome(heading), heading, text, requestId: contextOf(res).requestId };
    res.status(status).type('html').send(pages.render('message', view));
  };

  router.use('/review', (_req, res, next) => {
    res.setHeader('X-Robots-Tag', 'noindex, nofollow');
    next();
  });

  router.get('/review/:token', note('/review/{token}'), async (req, res) => {
    const opened = await open(req);
    if (opened === null || opened === 'expired') return refuse(res, opened === null ? 404 : 410);
    return show(req, res, opened);
  });

  router.post('/review/:token', note('/review/{token}'), sameOrigin({ publicOrigin, signIn: true }), formBody, async (req, res) => {
    const opened = await open(req);
    if (opened === null || opened === 'expired') return refuse(res, opened === null ? 404 : 410);
    if (opened.standing !== null) return show(req, res.status(409), opened);
    const { link, review } = opened;
    const { orgId, reviewId, memberId, digest, id: linkId } = link;
    const verb = field(req, 'verb');
    const reason = field(req, 'reason').trim();
    const input = ReviewDecisionInput.safeParse({ verb, digest, ...(reason === '' ? {} : { reason }) });
    if (!VERBS.has(verb) || !input.success) {
      return show(req, res.status(422), opened, 'Not recorded: choose approve, reject or escalate, and give a reason of at most 2048 characters.');
    }
    const outcome = await runtime.review({
      orgId,
      reviewId,
      eventId: review.eventId,
      kind: review.kind,
      memberId,
      via: `link:${linkId}`,
      // One link, one decision: a second click is the same step, whatever button it was, and the ledger takes a step once.
      requestId: `link_${linkId}`,
      verb: input.data.verb,
      digest,
      ...(reason === '' ? {} : { reason }),
    });
    if (outcome.kind === 'refused') return show(req, res.status(outcome.code === 'reason-required' ? 422 : 403), opened, `Not recorded: ${outcome.detail}.`);
    if (outcome.kind === 'closed') {
      const after = { ...opened, review: (await findReview(vault, { orgId, reviewId })) ?? review };
      const standing = await standingOf(link, after.review);
      return show(req, res.status(409), { ...after, standing }, 'Your decision came too late and was not recorded.');
    }
    // Noted after the fact: a link must not be spent on a decision that was never recorded.
    await spendReviewLink(sql, { orgId, linkId, reviewId, memberId });
    return res.redirect(303, req.path);
  });

  router.all('/review/:token', () => {
    throw new HttpProblem('not-found');
  });
  router.use('/review', problemPage({ pages, logger }));
  return router;
}
