import { z } from 'zod';
import { AgentId, EventId, Timestamp } from './ids.ts';
import { listOf } from './lists.ts';
import { SweepProgress } from './sweep.ts';
import { plainText } from './text.ts';

export const StopInput = z
  .strictObject({
    agents: z
      .union([z.tuple([z.literal('*')]), z.array(AgentId).min(1).max(500)])
      .meta({ description: 'Agent ids, or `["*"]`: every agent, those that do not exist yet included.', example: ['*'] }),
    reason: plainText(1_024),
  })
  .meta({ id: 'StopInput' });
export type StopInput = z.infer<typeof StopInput>;

const shape = {
  id: z.string(),
  agents: z.array(z.string()),
  reason: z.string(),
  stoppedBy: z.string(),
  stoppedAt: Timestamp,
  liftedAt: Timestamp.nullable(),
  sweep: SweepProgress.meta({ description: 'The pass that refuses what was parked.' }),
};

export const Stop = z.strictObject(shape).meta({ id: 'Stop', description: 'A standing order to block every new event of some agents.' });
export type Stop = z.infer<typeof Stop>;

export const CancelledReview = z
  .strictObject({
    id: z.string(),
    eventId: EventId,
    agentId: AgentId,
    action: z.string(),
    riskScore: z.int().min(0).max(100),
    decidedAt: Timestamp,
  })
  .meta({ id: 'CancelledReview' });
export type CancelledReview = z.infer<typeof CancelledReview>;

export const StopDetail = z.strictObject({ ...shape, cancelled: listOf(CancelledReview) }).meta({ id: 'StopDetail' });
export type StopDetail = z.infer<typeof StopDetail>;
