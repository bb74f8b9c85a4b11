import { z } from 'zod';
import { AgentId, EventId, SessionId, Timestamp } from './ids.ts';
import { JsonObject } from './json.ts';
import { plainText } from './text.ts';

/** Where the text of an event came from. Detectors weigh the same words differently per channel. */
export const Channel = z.enum(['user', 'system', 'tool_result', 'tool_args', 'memory', 'agent_message']);
export type Channel = z.infer<typeof Channel>;

/** What a tool does and touches. The organisation may set these; otherwise they are inferred from the tool's name. */
export const ToolLabels = z.strictObject({
  source: z.enum(['trusted', 'untrusted']).optional(),
  reads: z.enum(['public', 'internal', 'private']).optional(),
  effect: z.enum(['none', 'write', 'egress', 'destroy', 'exec']).optional(),
});
export type ToolLabels = z.infer<typeof ToolLabels>;

export const ToolCall = z.strictObject({
  name: z.string().min(1).max(128),
  args: JsonObject.optional(),
  labels: ToolLabels.optional(),
});
export type ToolCall = z.infer<typeof ToolCall>;

/** What the action touches. `ownerOrg` and `ownerUser` say whose it is; `path` and `host` are checked against the agent's scope. */
export const Resource = z.strictObject({
  type: z.string().min(1).max(128),
  id: z.string().min(1).max(512),
  ownerOrg: z.string().min(1).max(256).optional(),
  ownerUser: z.string().min(1).max(256).optional(),
  path: z.string().min(1).max(4096).optional(),
  host: z.string().min(1).max(253).optional(),
});
export type Resource = z.infer<typeof Resource>;

/** On whose behalf the agent acts. */
export const EventPrincipal = z.strictObject({
  org: z.string().min(1).max(256).optional(),
  user: z.string().min(1).max(256).optional(),
});

export const EventInput = z
  .strictObject({
    id: EventId.optional(),
    agentId: AgentId,
    action: plainText(128).meta({ description: 'What the agent is about to do.', example: 'send_email' }),
    sessionId: SessionId.optional(),
    occurredAt: Timestamp.optional(),
    channel: Channel.optional(),
    trust: z.enum(['trusted', 'untrusted']).optional(),
    tool: ToolCall.optional(),
    resource: Resource.optional(),
    principal: EventPrincipal.optional(),
    intent: z.string().max(4096).optional(),
    content: z.string().max(60_000).optional(),
    metadata: JsonObject.optional(),
    labels: z.array(z.string().min(1).max(64)).max(32).optional(),
  })
  .meta({ id: 'EventInput', description: 'One action of one agent. `agentId` and `action` alone are enough.' });
export type EventInput = z.infer<typeof EventInput>;

/** An accepted event: the same with its id settled. */
export type GovernanceEvent = EventInput & { id: string };
