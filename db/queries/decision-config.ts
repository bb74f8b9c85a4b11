import type { AgentProfile, ArgumentRule } from '../../schemas/agent.ts';
import type { PolicySet } from '../../schemas/policy.ts';
import { openSession, type SessionState } from '../../core/detection/session-state.ts';
import type { ActiveGrant } from '../../core/hitl/grant.ts';
import type { Sql, TransactionSql } from '../client.ts';
import { asTenant } from '../tenant.ts';

/** What an organisation's decisions depend on, as of `version`. */
export interface DecisionConfig {
  version: number;
  policy: { id: string; version: number; document: PolicySet } | null;
  /** Not revoked, not over and not used up when read; oldest first. */
  grants: ActiveGrant[];
  /** Stops in force, oldest first. */
  stops: StandingStop[];
}

export interface StandingStop {
  /** Ids, or `*`. */
  agents: string[];
  reason: string;
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
    // Read after the version: a change between the two makes the version old, and what is settled by it is refused.
    const grants = await activeGrants(tx, orgId);
    const stops = await standingStops(tx, orgId);
    if (policyId === null || policyVersion === null || document === null) return { version, policy: null, grants, stops };
    return { version, policy: { id: policyId, version: policyVersion, document: JSON.parse(document) as PolicySet }, grants, stops };
  });
}

async function standingStops(tx: TransactionSql, orgId: string): Promise<StandingStop[]> {
  return [...(await tx<StandingStop[]>`select agents, reason from agent_stop where org_id = ${orgId} and lifted_at is null order by stopped_at, id`)];
}

async function activeGrants(tx: TransactionSql, orgId: string): Promise<ActiveGrant[]> {
  const rows = await tx<
    (Omit<ActiveGrant, 'bounds' | 'expiresAtMs' | 'grantedBy'> & { bounds: string; expiresAt: Date; memberId: string; email: string | null })[]
  >`
    select g.id, g.agent_id as "agentId", g.tool, g.bounds, g.session_id as "sessionId", g.expires_at as "expiresAt", g.granted_by as "memberId", m.email
    from approval_grant g left join member m on m.org_id = g.org_id and m.id = g.granted_by
    where g.org_id = ${orgId} and g.revoked_at is null and g.expires_at > now() and g.uses < g.max_uses order by g.created_at, g.id`;
  return rows.map(({ bounds, expiresAt, memberId, email, ...rest }) => ({
    ...rest,
    bounds: JSON.parse(bounds) as Record<string, ArgumentRule>,
    expiresAtMs: expiresAt.getTime(),
    grantedBy: { memberId, email },
  }));
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
