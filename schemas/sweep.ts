import { z } from 'zod';
import { AgentId, Timestamp } from './ids.ts';

/** What changed while reviews waited. */
export const SweepCause = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('policy-activated'), policy: z.string().meta({ description: '`<policyId>@<n>`.' }) }),
    z.strictObject({ kind: z.literal('agent-changed'), agentId: AgentId }),
    z.strictObject({ kind: z.literal('agent-stopped'), agentId: AgentId, reason: z.string() }),
    z.strictObject({ kind: z.literal('agents-stopped'), stopId: z.string(), agents: z.array(z.string()), reason: z.string() }),
    z.strictObject({ kind: z.literal('key-revoked'), keyId: z.string() }),
    z.strictObject({ kind: z.literal('inbound-secret-revoked'), secretId: z.string() }),
    z.strictObject({
      kind: z.literal('subject-erased'),
      subject: z.string().meta({ description: 'Reference of the data subject.' }),
      version: z.int().min(1).meta({ description: 'Of the newest key that was destroyed.' }),
    }),
  ])
  .meta({ id: 'SweepCause' });
export type SweepCause = z.infer<typeof SweepCause>;

const progress = {
  id: z.string(),
  status: z.enum(['running', 'finished', 'cancelled']),
  total: z.int().min(0).meta({ description: 'Pending reviews that the change concerned.' }),
  done: z.int().min(0),
};

export const SweepProgress = z.strictObject(progress).meta({ id: 'SweepProgress' });
export type SweepProgress = z.infer<typeof SweepProgress>;

export const Sweep = z
  .strictObject({ ...progress, cause: SweepCause, startedAt: Timestamp, finishedAt: Timestamp.nullable() })
  .meta({ id: 'Sweep', description: 'One pass over the pending reviews after something changed.' });
export type Sweep = z.infer<typeof Sweep>;
