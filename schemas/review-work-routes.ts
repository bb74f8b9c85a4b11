import { z } from 'zod';
import { BatchDecisionAnswers, BatchDecisionsInput } from './batch-decision.ts';
import { FeedPosition, ReviewLine } from './review-feed.ts';
import { ReviewerLoads } from './reviewer-load.ts';
import { LARGE_MAX_BYTES, route } from './route.ts';

/** Lines of the route table for people who have many reviews before them. */
export const REVIEW_WORK_ROUTES = {
  decideReviews: route({
    method: 'post',
    path: '/api/v1/hitl/decisions',
    scope: 'hitl:decide',
    tag: 'Reviews',
    summary: 'Decide up to 100 reviews at once, as a person; a retry with the same `X-Request-Id` is the same operation',
    request: { body: BatchDecisionsInput, maxBytes: LARGE_MAX_BYTES },
    responses: { 200: BatchDecisionAnswers },
  }),
  followReviews: route({
    method: 'get',
    path: '/api/v1/hitl/feed',
    scope: 'hitl:read',
    tag: 'Reviews',
    summary: 'Server-sent events: reviews as they open and change',
    stream: 'text/event-stream',
    request: {
      query: z.strictObject({ after: FeedPosition.optional() }),
      headers: z.object({ 'last-event-id': FeedPosition.optional().meta({ description: 'Goes before `after`.' }) }),
    },
    responses: { 200: ReviewLine },
  }),
  listReviewers: route({
    method: 'get',
    path: '/api/v1/hitl/reviewers',
    scope: 'hitl:read',
    tag: 'Reviews',
    summary: 'How much each reviewer is asked, and how they decide',
    responses: { 200: ReviewerLoads },
  }),
} as const;
