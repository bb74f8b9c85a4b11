import { z } from 'zod';
import { AgentId, Timestamp } from './ids.ts';
import { JsonValue } from './json.ts';
import { ToolLabels } from './event.ts';

/** Bounds on one argument of a granted tool. Unlisted arguments are free unless the grant says `additionalArgs: false`. */
export const ArgumentRule = z.strictObject({
  type: z.enum(['string', 'number', 'integer', 'boolean', 'object', 'array']).optional(),
  required: z.boolean().optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  maxLength: z.int().min(0).optional(),
  enum: z.array(JsonValue).min(1).max(256).optional(),
  pattern: z.string().max(512).optional().meta({ description: 'Anchored, linear-time subset of regular expressions.' }),
});
export type ArgumentRule = z.infer<typeof ArgumentRule>;

export const GrantedTool = z.strictObject({
  name: z.string().min(1).max(128).meta({ description: 'Tool name, or a prefix ending in `*`.' }),
  args: z.record(z.string().max(256), ArgumentRule).optional(),
  additionalArgs: z.boolean().optional(),
  labels: ToolLabels.optional(),
});
export type GrantedTool = z.infer<typeof GrantedTool>;

/** Budgets of one session, and the size from which a bulk operation needs a person. */
export const AgentLimits = z.strictObject({
  maxSteps: z.int().min(1).optional(),
  maxDurationMs: z.int().min(1).optional(),
  maxTokens: z.int().min(1).optional().meta({ description: 'Sum of `metadata.tokens` over the session.' }),
  maxSpend: z.number().positive().optional().meta({ description: 'Sum of `metadata.cost` over the session.' }),
  maxBulkCount: z.int().min(1).optional(),
});

export const AgentProfile = z
  .strictObject({
    owner: z.string().max(256).optional(),
    purpose: z.string().max(2048).optional(),
    grantedTools: z.array(GrantedTool).max(500).optional().meta({ description: 'Absent: no grant check. Empty: no tool is granted.' }),
    limits: AgentLimits.optional(),
    scope: z
      .strictObject({
        paths: z.array(z.string().min(1).max(1024)).max(100).optional().meta({ description: 'Roots the agent may touch.' }),
        hosts: z.array(z.string().min(1).max(253)).max(500).optional().meta({ description: 'Hosts or parent domains it may reach.' }),
        clearance: z.enum(['public', 'internal', 'private']).optional(),
      })
      .optional(),
  })
  .meta({ id: 'AgentProfile' });
export type AgentProfile = z.infer<typeof AgentProfile>;

export const Agent = z
  .strictObject({
    agentId: AgentId,
    status: z.enum(['active', 'stopped']),
    stoppedReason: z.string().nullable(),
    profile: AgentProfile.nullable(),
    registeredAt: Timestamp,
    lastSeenAt: Timestamp.nullable(),
  })
  .meta({ id: 'Agent' });
export type Agent = z.infer<typeof Agent>;
