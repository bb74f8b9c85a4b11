import type { GovernanceEvent } from '../../schemas/event.ts';

/** The agent calls a tool: there is a tool, and the event is not the answer it gave. */
export const isToolCall = (event: GovernanceEvent): boolean => event.tool !== undefined && event.channel !== 'tool_result';

/** An event of `agentId`, `action` and perhaps `metadata` and `resource`: the action itself is the call. */
export const isPlainAction = (event: GovernanceEvent): boolean => event.tool === undefined && event.content === undefined && event.channel === undefined;

/** Something that reached the agent from outside rather than something it did. */
export const isInbound = (event: GovernanceEvent): boolean =>
  event.channel === 'user' || event.channel === 'system' || event.channel === 'tool_result' || event.channel === 'memory';

/** Counted by step budgets: all the agent does, its messages included. */
export const isAgentStep = (event: GovernanceEvent): boolean => !isInbound(event) || isToolCall(event);
