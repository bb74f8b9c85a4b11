import { z } from 'zod';
import { CreateDelegationInput, Delegation } from './delegation.ts';
import { PublicId } from './ids.ts';
import { integerParameter, listOf, listQuery } from './lists.ts';
import { ConsumedApproval, ConsumeInput, Review, ReviewDecisionInput, ReviewStatus } from './review.ts';
import { route } from './route.ts';
import { plainText } from './text.ts';

const ReviewId = z.strictObject({ id: z.string().min(1).max(128) });

/** Lines of the route table about reviews. */
export const REVIEW_ROUTES = {
  listReviews: route({
    method: 'get',
    path: '/api/v1/hitl/reviews',
    scope: 'hitl:read',
    tag: 'Reviews',
    summary: 'List reviews, newest first',
    request: { query: z.strictObject({ ...listQuery, status: ReviewStatus.optional() }) },
    responses: { 200: listOf(Review) },
  }),
  listReviewQueue: route({
    method: 'get',
    path: '/api/v1/hitl/queue',
    scope: 'hitl:read',
    tag: 'Reviews',
    summary: 'What waits for people, highest risk first, then oldest',
    request: { query: z.strictObject(listQuery) },
    responses: { 200: listOf(Review) },
  }),
  getReview: route({
    method: 'get',
    path: '/api/v1/hitl/reviews/{id}',
    scope: 'hitl:read',
    tag: 'Reviews',
    summary: 'One review; with `wait`, answers when it changes or the time is over',
    request: {
      params: ReviewId,
      query: z.strictObject({
        wait: integerParameter(z.int().min(0).max(55)).optional().meta({ description: 'Seconds to wait while the review is pending.' }),
      }),
    },
    responses: { 200: Review },
  }),
  decideReview: route({
    method: 'post',
    path: '/api/v1/hitl/reviews/{id}/decision',
    scope: 'hitl:decide',
    tag: 'Reviews',
    summary: 'Approve, reject, escalate, respond, edit, abstain or break the glass, as a person',
    request: { params: ReviewId, body: ReviewDecisionInput },
    responses: { 200: Review },
  }),
  withdrawReview: route({
    method: 'post',
    path: '/api/v1/hitl/reviews/{id}/withdraw',
    scope: 'events:write',
    tag: 'Reviews',
    summary: 'Withdraw the request, as the agent',
    request: { params: ReviewId, body: z.strictObject({ reason: plainText(2_048).optional() }) },
    responses: { 200: Review },
  }),
  consumeReview: route({
    method: 'post',
    path: '/api/v1/hitl/reviews/{id}/consume',
    scope: 'events:write',
    tag: 'Reviews',
    summary: 'Use the approval, once, for the action of this digest',
    request: {
      params: ReviewId,
      headers: z.object({ 'idempotency-key': PublicId.optional().meta({ description: 'A retry with the same key is answered as before.' }) }),
      body: ConsumeInput,
    },
    responses: { 200: ConsumedApproval },
  }),
  listDelegations: route({
    method: 'get',
    path: '/api/v1/hitl/delegations',
    scope: 'hitl:read',
    tag: 'Reviews',
    summary: 'List delegations, newest first, those that are over or revoked too',
    request: { query: z.strictObject(listQuery) },
    responses: { 200: listOf(Delegation) },
  }),
  createDelegation: route({
    method: 'post',
    path: '/api/v1/hitl/delegations',
    scope: 'hitl:decide',
    tag: 'Reviews',
    summary: 'Let another member decide in your place for a while',
    request: { body: CreateDelegationInput },
    responses: { 201: Delegation },
  }),
  revokeDelegation: route({
    method: 'delete',
    path: '/api/v1/hitl/delegations/{id}',
    scope: 'hitl:decide',
    tag: 'Reviews',
    summary: 'End a delegation at once; votes given by it do not count any more',
    request: { params: z.strictObject({ id: z.string().min(1).max(128) }) },
    responses: { 204: null },
  }),
} as const;
