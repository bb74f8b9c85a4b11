import type { Finding } from '../../mast/finding.ts';
import type { DetectionContext } from '../context.ts';
import { isToolCall } from '../event-kind.ts';
import type { EventText } from '../event-texts.ts';
import { findGrant } from '../grants.ts';

/** A call of a tool the agent was not granted. Needs a profile with `grantedTools`; the action's name is not checked. */
export function detectActScope({ event, profile }: DetectionContext, _views: readonly EventText[]): Finding | null {
  if (event.tool === undefined || !isToolCall(event) || profile?.grantedTools === undefined) return null;
  if (findGrant(profile, event.tool.name) !== null) return null;
  return {
    detector: 'act.scope',
    category: 'Action',
    mode: 'FM-1.2',
    confidence: 1,
    outcome: 'block',
    reason: `Tool ${event.tool.name} is not granted to agent ${event.agentId}.`,
    evidence: { tool: event.tool.name, grants: profile.grantedTools.length },
  };
}
