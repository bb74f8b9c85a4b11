import { compilePolicy } from '../core/policy/compile.ts';
import type { CompiledPolicy } from '../core/policy/compile-rules.ts';
import { openSession, type SessionState } from '../core/detection/session-state.ts';
import type { Standing } from '../core/decision/apply-standing.ts';
import type { ActiveGrant } from '../core/hitl/grant.ts';
import type { Sql } from '../db/client.ts';
import { type AgentConfig, loadAgentConfig, loadDecisionConfig, type StandingStop } from '../db/queries/decision-config.ts';
import { type BoundedMap, createBoundedMap } from '../core/bounded-map.ts';

/** What an organisation's decisions depend on, compiled once per version. */
export interface OrganizationConfig {
  version: number;
  policy: { version: string; compiled: CompiledPolicy } | null;
  /** Filled as agents are met. */
  agents: BoundedMap<AgentConfig>;
  /** By agent id. */
  grants: ReadonlyMap<string, ActiveGrant[]>;
  stops: readonly StandingStop[];
}

export interface VersionedSession {
  /** 0 for a session that has not begun. */
  version: number;
  state: SessionState;
}

export interface DecisionState {
  organization: (orgId: string) => Promise<OrganizationConfig>;
  agent: (orgId: string, agentId: string) => Promise<AgentConfig | undefined>;
  session: (orgId: string, sessionId: string, nowMs: number) => VersionedSession;
  /** Keeps a session as a settled decision left it, or as the database answered it. */
  keepSession: (orgId: string, sessionId: string, session: VersionedSession) => void;
  /** Forgets a configuration that turned out to be old. */
  forgetOrganization: (orgId: string) => void;
  /** Forgets a grant that turned out to be used up, over or revoked. None of these is ever undone. */
  forgetGrant: (orgId: string, grant: Pick<ActiveGrant, 'id' | 'agentId'>) => Promise<void>;
}

/** Why the agent may do nothing at the moment; null while it may. A stop of every agent holds for those that nobody has seen yet, too. */
export function whyStopped({ stops }: Pick<OrganizationConfig, 'stops'>, agentId: string, agent: AgentConfig | undefined): string | null {
  if (agent?.status === 'stopped') return agent.stoppedReason ?? '';
  return stops.find(({ agents }) => agents.includes('*') || agents.includes(agentId))?.reason ?? null;
}

export const standingOf = (organization: Pick<OrganizationConfig, 'stops' | 'grants'>, agentId: string, agent: AgentConfig | undefined): Standing => ({
  stopped: whyStopped(organization, agentId, agent),
  grants: organization.grants.get(agentId) ?? [],
});

export class UnknownOrganization extends Error {
  readonly code = 'unknown-organization';
}

/**
 * Caches of the decision path. They may be old: every settle carries the versions it was computed from, and the database
 * refuses what has changed. So no entry needs a time to live, and a second process needs no message.
 */
export function createDecisionState(sql: Sql, { maxOrganizations = 1_000, maxSessions = 20_000 } = {}): DecisionState {
  const organizations = createBoundedMap<Promise<OrganizationConfig>>(maxOrganizations);
  const sessions = createBoundedMap<VersionedSession>(maxSessions);

  const organization = (orgId: string): Promise<OrganizationConfig> => {
    const known = organizations.get(orgId);
    if (known !== undefined) return known;
    const loading = loadOrganization(sql, orgId);
    organizations.set(orgId, loading);
    // A failure is not worth remembering.
    loading.catch(() => organizations.delete(orgId));
    return loading;
  };

  return {
    organization,
    async agent(orgId, agentId) {
      const { agents } = await organization(orgId);
      const known = agents.get(agentId);
      if (known !== undefined) return known;
      const config = await loadAgentConfig(sql, { orgId, agentId });
      if (config !== undefined) agents.set(agentId, config);
      return config;
    },
    // A session that is not remembered is taken for new. Mostly it is; where it is not, the settle answers its row for the price of a read.
    session: (orgId, sessionId, nowMs) => sessions.get(`${orgId}/${sessionId}`) ?? { version: 0, state: openSession(nowMs) },
    keepSession: (orgId, sessionId, session) => sessions.set(`${orgId}/${sessionId}`, session),
    forgetOrganization: (orgId) => organizations.delete(orgId),
    async forgetGrant(orgId, { id, agentId }) {
      const { grants } = await organization(orgId);
      const known = grants.get(agentId) ?? [];
      const index = known.findIndex((grant) => grant.id === id);
      if (index >= 0) known.splice(index, 1);
    },
  };
}

async function loadOrganization(sql: Sql, orgId: string): Promise<OrganizationConfig> {
  const config = await loadDecisionConfig(sql, orgId);
  if (config === undefined) throw new UnknownOrganization('there is no such organisation');
  const { version, policy, grants, stops } = config;
  return {
    version,
    policy: policy === null ? null : { version: `${policy.id}@${policy.version}`, compiled: compilePolicy(policy.document) },
    agents: createBoundedMap<AgentConfig>(10_000),
    grants: byAgent(grants),
    stops,
  };
}

function byAgent(grants: readonly ActiveGrant[]): Map<string, ActiveGrant[]> {
  const grouped = new Map<string, ActiveGrant[]>();
  for (const grant of grants) grouped.set(grant.agentId, [...(grouped.get(grant.agentId) ?? []), grant]);
  return grouped;
}
