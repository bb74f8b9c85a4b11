import { z } from 'zod';
import { ArgumentRule } from './agent.ts';
import { AgentId, EventId, SessionId, Timestamp } from './ids.ts';
import { plainText } from './text.ts';

/** No leave outlives a working day. */
export const MAX_GRANT_MS = 8 * 3_600_000;

const Bounds = z
  .record(z.string().max(256), ArgumentRule)
  .refine((bounds) => Object.keys(bounds).length <= 100, 'names more than 100 arguments')
  .meta({ description: 'By argument. A call with an argument that is not named here is not covered.' });

const asked = {
  agentId: AgentId,
  tool: z.string().min(1).max(128).meta({ description: 'Exact name.' }),
  bounds: Bounds,
  maxUses: z.int().min(1).max(1_000),
  reason: plainText(2_048),
};

export const CreateGrantInput = z
  .strictObject({
    ...asked,
    sessionId: SessionId.optional().meta({ description: 'Only in this session.' }),
    reviewId: z.string().min(1).max(128).optional().meta({ description: 'The review it comes from. Nobody behind its request may give it.' }),
    expiresAt: Timestamp.meta({ description: 'At most 8 hours ahead.' }),
  })
  .meta({ id: 'CreateGrantInput' });
export type CreateGrantInput = z.infer<typeof CreateGrantInput>;

export const Grant = z
  .strictObject({
    id: z.string().meta({ example: 'gra_…' }),
    ...asked,
    reason: z.string().meta({ description: 'Empty where it has been erased.' }),
    sessionId: SessionId.nullable(),
    reviewId: z.string().nullable(),
    expiresAt: Timestamp,
    uses: z.int().min(0),
    grantedBy: z.string().meta({ description: 'Member id.' }),
    createdAt: Timestamp,
    revokedAt: Timestamp.nullable(),
  })
  .meta({
    id: 'Grant',
    description: "A person's leave for one agent to use one tool within bounds, for a while, so often: what would wait for a review passes. It lifts no BLOCK.",
  });
export type Grant = z.infer<typeof Grant>;

export const GrantUse = z.strictObject({ eventId: EventId, at: Timestamp }).meta({ id: 'GrantUse' });
export type GrantUse = z.infer<typeof GrantUse>;
