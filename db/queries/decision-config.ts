import type { AgentProfile } from '../../schemas/agent.ts';
import type { PolicySet } from '../../schemas/policy.ts';
import { openSession, type SessionState } from '../../core/detection/session-state.ts';
import type { Sql } from '../client.ts';
import { asTenant } from '../tenant.ts';

/** What an organisation's decisions depend on, as of `version`. */
export interface DecisionConfig {
  version: number;
  policy: { id: string; version: number; document: PolicySet } | null;
}

/** Undefined when there is no such organisation. */
export function loadDecisionConfig(sql: Sql, orgId: string): Promise<DecisionConfig | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<{ version: number; policyId: string | null; policyVersion: number | null; document: string | null }[]>`
      select o.config_version as version, v.policy_id as "policyId", v.version as "policyVersion", v.document
      from organization o
      left join policy_version v on v.org_id = o.org_id and v.policy_id = o.active_policy_id and v.version = o.active_policy_version
      where o.org_id = ${orgId}`;
    if (row === undefined) return undefined;
    const { version, policyId, policyVersion, document } = row;
    if (policyId === null || policyVersion === null || document === null) return { version, policy: null };
    return { version, policy: { id: policyId, version: policyVersion, document: JSON.parse(document) as PolicySet } };
  });
}

export interface AgentConfig {
  status: 'active' | 'stopped';
  stoppedReason: string | null;
  profile: AgentProfile | null;
}

/** Undefined for an agent that has not been seen. */
export function loadAgentConfig(sql: Sql, { orgId, agentId }: { orgId: string; agentId: string }): Promise<AgentConfig | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<{ status: AgentConfig['status']; stoppedReason: string | null; profile: string | null }[]>`
      select status, stopped_reason as "stoppedReason", profile from agent where org_id = ${orgId} and agent_id = ${agentId}`;
    return row && { ...row, profile: row.profile === null ? null : (JSON.parse(row.profile) as AgentProfile) };
  });
}

/** A session's state; a fresh one where it has not begun. */
export function loadSession(sql: Sql, { orgId, sessionId, nowMs }: { orgId: string; sessionId: string; nowMs: number }): Promise<SessionState> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<{ state: string }[]>`select state from session_state where org_id = ${orgId} and session_id = ${sessionId}`;
    return row === undefined ? openSession(nowMs) : (JSON.parse(row.state) as SessionState);
  });
}
