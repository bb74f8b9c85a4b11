import { z } from 'zod';
import { DecidingPolicy, Decision, DecisionValue } from './decision.ts';
import { EventInput, Resource } from './event.ts';
import { AgentId, EventId, SessionId, Timestamp } from './ids.ts';
import { MastCategory, MastFinding } from './mast.ts';
import { ReviewStatus } from './review.ts';

/** One line of the event list. */
export const EventSummary = z
  .strictObject({
    eventId: EventId,
    seq: z.int().min(0),
    recordedAt: Timestamp,
    agentId: AgentId,
    action: z.string(),
    sessionId: SessionId.nullable(),
    value: DecisionValue,
    riskScore: z.int().min(0).max(100),
    categories: z.array(MastCategory),
    policy: DecidingPolicy.nullable(),
  })
  .meta({ id: 'EventSummary' });
export type EventSummary = z.infer<typeof EventSummary>;

/** A recorded event: as it was sent, less what has been erased. */
export const RecordedEventView = z
  .strictObject({
    ...EventInput.shape,
    resource: z.strictObject({ ...Resource.shape, id: Resource.shape.id.optional() }).optional(),
  })
  .meta({ id: 'RecordedEvent', description: 'The event as it was sent. Personal fields that have been erased are absent.' });

export const EventDetail = z
  .strictObject({
    decision: Decision,
    event: RecordedEventView,
    erased: z.boolean().meta({ description: 'Personal fields of the event have been erased: see `/audit/erasures`.' }),
    mode: z.enum(['governed', 'observed']),
    review: z.strictObject({ id: z.string(), status: ReviewStatus }).nullable(),
  })
  .meta({ id: 'EventDetail' });
export type EventDetail = z.infer<typeof EventDetail>;

export const BatchInput = z
  .strictObject({ events: z.array(EventInput).min(1).max(500) })
  .meta({ id: 'BatchInput', description: 'Events that have happened already. Up to 500 and 1 MiB.' });
export type BatchInput = z.infer<typeof BatchInput>;

/** One answer per event, in the order sent. `conflict`: the id stands for another body. `quota`: not recorded, the month's events are used up. */
export const BatchResult = z
  .strictObject({
    data: z.array(z.strictObject({ eventId: EventId, status: z.enum(['decided', 'conflict', 'quota']), decision: Decision.optional() })),
  })
  .meta({ id: 'BatchResult' });
export type BatchResult = z.infer<typeof BatchResult>;

export const EvaluationResult = z
  .strictObject({
    value: DecisionValue,
    mast: z.array(MastFinding),
    riskScore: z.int().min(0).max(100),
    reasons: z.array(z.string()),
    policy: DecidingPolicy.nullable(),
    policyError: z.strictObject({ ruleId: z.string(), detail: z.string() }).nullable(),
    findings: z.array(
      z.strictObject({
        ...MastFinding.shape,
        outcome: z.enum(['alert', 'hitl', 'block']),
        reason: z.string(),
        evidence: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
      }),
    ),
  })
  .meta({ id: 'EvaluationResult', description: 'What the decision would be. Nothing is stored.' });
export type EvaluationResult = z.infer<typeof EvaluationResult>;
