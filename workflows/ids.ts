import type { NoticeRequest, PlannedDelivery } from '../activities/notification.ts';
import type { WebhookRound } from '../activities/webhook.ts';

/** Ids of runs. Pure, so that the API, the workers and the tests build the same ones. */
export const governEventId = (orgId: string, eventId: string): string => `gov/${orgId}/${eventId}`;

/** `batchKey` is derived from the batch's content, so that a retried batch is the same run. */
export const observeEventsId = (orgId: string, batchKey: string): string => `obs/${orgId}/${batchKey}`;

/** Run of a review that no agent waits for. */
export const conductReviewId = (orgId: string, reviewId: string): string => `rev/${orgId}/${reviewId}`;

export const sweepReviewsId = (orgId: string, sweepId: string): string => `sweep/${orgId}/${sweepId}`;

/** One per occasion, asking and reminder. */
export const notifyReviewersId = ({ orgId, reviewId, occasion, level, askedAtMs, round }: NoticeRequest): string =>
  `ntf/${orgId}/${reviewId}/${occasion}/${level}/${askedAtMs}/${round}`;

/** One per channel and person of a notice. */
export const deliverNotificationId = ({ channelId, memberId, ...notice }: PlannedDelivery): string =>
  `${notifyReviewersId(notice).replace(/^ntf/, 'dlv')}/${channelId}${memberId === null ? '' : `/${memberId}`}`;

export const testChannelId = (orgId: string, channelId: string, testId: string): string => `tst/${orgId}/${channelId}/${testId}`;

/** `batchKey` is derived from the request, so that a retried batch of decisions is the same run. */
export const decideReviewsId = (orgId: string, batchKey: string): string => `bat/${orgId}/${batchKey}`;

export const verifyLedgerId = (orgId: string, checkId: string): string => `chk/${orgId}/${checkId}`;

export const eraseSubjectId = (orgId: string, erasureId: string): string => `era/${orgId}/${erasureId}`;

/** One per message, endpoint and round. */
export const deliverWebhookId = ({ orgId, endpointId, messageId, round }: WebhookRound): string => `whk/${orgId}/${endpointId}/${messageId}/${round}`;

export const testWebhookId = (orgId: string, endpointId: string, testId: string): string => `wht/${orgId}/${endpointId}/${testId}`;

/** One per anchor at a time. */
export const anchorId = (anchor: string): string => `anchor/${anchor}`;
