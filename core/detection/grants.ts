import type { AgentProfile, GrantedTool } from '../../schemas/agent.ts';

/** The grant for a tool: the exact name before a prefix, a longer prefix before a shorter. Null: not granted, or nothing to grant by. */
export function findGrant(profile: AgentProfile | null, toolName: string): GrantedTool | null {
  let best: GrantedTool | null = null;
  for (const grant of profile?.grantedTools ?? []) {
    if (grant.name === toolName) return grant;
    const isPrefix = grant.name.endsWith('*') && toolName.startsWith(grant.name.slice(0, -1));
    if (isPrefix && (best === null || grant.name.length > best.name.length)) best = grant;
  }
  return best;
}
