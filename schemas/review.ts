import { z } from 'zod';
import { AgentId, EventId, SessionId, Timestamp } from './ids.ts';
import { DecidingPolicy } from './decision.ts';
import { ReviewPolicy } from './policy.ts';

export const ReviewStatus = z.enum(['pending', 'approved', 'rejected', 'expired', 'withdrawn']);
export type ReviewStatus = z.infer<typeof ReviewStatus>;

export const ReviewVerb = z.enum(['approve', 'reject', 'escalate']);
export type ReviewVerb = z.infer<typeof ReviewVerb>;

export const ReviewDecisionInput = z.strictObject({ verb: ReviewVerb, reason: z.string().min(1).max(2048).optional() }).meta({ id: 'ReviewDecisionInput' });
export type ReviewDecisionInput = z.infer<typeof ReviewDecisionInput>;

/** One thing that happened to a review: a person's decision, or a level running out of time. */
export const ReviewStep = z
  .strictObject({
    step: z.enum(['approve', 'reject', 'escalate', 'timeout', 'withdraw']),
    actor: z.string().meta({ description: 'Member id, or `system`.' }),
    level: z.int().min(0),
    at: Timestamp,
    reason: z.string().optional(),
  })
  .meta({ id: 'ReviewStep' });
export type ReviewStep = z.infer<typeof ReviewStep>;

export const Review = z
  .strictObject({
    id: z.string(),
    eventId: EventId,
    agentId: AgentId,
    action: z.string(),
    sessionId: SessionId.nullable(),
    status: ReviewStatus,
    outcome: z.enum(['allow', 'block']).nullable().meta({ description: 'What the agent may do; null while pending.' }),
    riskScore: z.int().min(0).max(100),
    reasons: z.array(z.string()),
    policy: DecidingPolicy.nullable(),
    level: z.int().min(0).meta({ description: 'Index into `plan.levels`.' }),
    plan: ReviewPolicy,
    steps: z.array(ReviewStep),
    actionDigest: z.string().meta({ description: 'What an approval covers: action, tool, arguments, resource, agent and policy version.' }),
    createdAt: Timestamp,
    dueAt: Timestamp.nullable(),
    expiresAt: Timestamp,
    decidedAt: Timestamp.nullable(),
  })
  .meta({ id: 'Review' });
export type Review = z.infer<typeof Review>;
