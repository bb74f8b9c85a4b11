import { z } from 'zod';
import { EventId, Timestamp } from './ids.ts';
import { MastFinding } from './mast.ts';

export const DecisionValue = z.enum(['ALLOW', 'BLOCK', 'HITL', 'ALERT']).meta({
  id: 'DecisionValue',
  description: 'ALLOW: proceed. BLOCK: do not. HITL: wait for a reviewer. ALERT: proceed, flagged for review.',
});
export type DecisionValue = z.infer<typeof DecisionValue>;

/** The deciding rule. `version` is `<policyId>@<n>`; `ruleId` is null where the set's default decided. */
export const DecidingPolicy = z.strictObject({ version: z.string(), ruleId: z.string().nullable() });

/** Where the decision stands in the organisation's ledger. Keep it: it makes the caller a witness. */
export const Receipt = z
  .strictObject({
    seq: z.int().min(0),
    entryHash: z.string().regex(/^[0-9a-f]{64}$/),
    checkpointSize: z.int().min(0).meta({ description: 'Size of the newest signed checkpoint when recorded; 0 before the first.' }),
  })
  .meta({ id: 'Receipt' });
export type Receipt = z.infer<typeof Receipt>;

export const ReviewRef = z.strictObject({ id: z.string(), expiresAt: Timestamp, url: z.string() }).meta({ id: 'ReviewRef' });

export const Attestation = z
  .strictObject({
    withinMs: z.int().min(100),
    dueAt: Timestamp.nullable().meta({ description: 'Null where the time runs from the use of the approval.' }),
  })
  .meta({ id: 'Attestation', description: 'The agent is to report how the action went: `POST /governance/events/{id}/outcome`.' });

export const Decision = z
  .strictObject({
    id: z.string().meta({ example: 'dec_0b9c…' }),
    eventId: EventId,
    value: DecisionValue,
    mast: z.array(MastFinding),
    riskScore: z.int().min(0).max(100),
    reasons: z.array(z.string()),
    policy: DecidingPolicy.nullable(),
    review: ReviewRef.optional(),
    attestation: Attestation.optional(),
    receipt: Receipt,
    latencyMs: z.number().min(0),
  })
  .meta({ id: 'Decision', description: 'The recorded answer. A retry with the same event id returns it unchanged.' });
export type Decision = z.infer<typeof Decision>;
