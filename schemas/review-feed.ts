import { z } from 'zod';
import { AgentId, EventId, SessionId, Timestamp } from './ids.ts';
import { ReviewStatus } from './review.ts';

/** Where the feed goes on: behind this ledger position, or, within one that moved several reviews, behind this review. */
export const FeedPosition = z
  .string()
  .regex(/^(?:0|[1-9][0-9]{0,14})(?::[A-Za-z0-9_-]{1,128})?$/, 'must be the id of an event of this feed')
  .meta({ id: 'FeedPosition', description: '`id` of the last event that arrived.', example: '4711' });

/** What the feed tells of a review that changed: enough for a line in a queue. */
export const ReviewLine = z
  .strictObject({
    id: z.string(),
    kind: z.enum(['gate', 'after']),
    eventId: EventId,
    agentId: AgentId,
    action: z.string(),
    sessionId: SessionId.nullable(),
    status: ReviewStatus,
    riskScore: z.int().min(0).max(100),
    level: z.int().min(0),
    joinedTo: z.string().nullable(),
    createdAt: Timestamp,
    dueAt: Timestamp.nullable(),
    decidedAt: Timestamp.nullable(),
    changedSeq: z.int().min(0).meta({ description: 'Ledger position of the last entry about it.' }),
  })
  .meta({
    id: 'ReviewLine',
    description: '`data` of each `review` event. A first `ready` event carries `{resumed}`: false where the feed begins with what changes from now on.',
  });
export type ReviewLine = z.infer<typeof ReviewLine>;
