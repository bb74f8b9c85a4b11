import type { ReviewNotice } from './notification.ts';

export interface WebhookMessage {
  type: `hitl.review.${ReviewNotice['occasion']}`;
  /** When it happened, RFC 3339. */
  timestamp: string;
  data: Pick<ReviewNotice, 'reviewId' | 'agentId' | 'status' | 'riskScore' | 'level' | 'levels' | 'dueAt' | 'reviewUrl'>;
}

/**
 * The payload of Standard Webhooks, and a thin one: what the action and its reasons are is fetched under a key of the receiver's own, so
 * that the reading is on record. It never holds the link to decide.
 */
export function renderWebhook(notice: ReviewNotice, { at }: { at: string }): WebhookMessage {
  const { occasion, reviewId, agentId, status, riskScore, level, levels, dueAt, reviewUrl } = notice;
  return { type: `hitl.review.${occasion}`, timestamp: at, data: { reviewId, agentId, status, riskScore, level, levels, dueAt, reviewUrl } };
}
