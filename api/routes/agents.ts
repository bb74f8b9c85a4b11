import { canonicalize } from '../../core/json/canonical.ts';
import type { Sql } from '../../db/client.ts';
import { findAgent, listAgents, putAgent, setAgentStatus } from '../../db/queries/agents.ts';
import type { AgentRow } from '../../db/queries/agents.ts';
import type { Agent, AgentProfile } from '../../schemas/agent.ts';
import type { Json } from '../../schemas/json.ts';
import { DEFAULT_PAGE_SIZE } from '../../schemas/lists.ts';
import { requesterOf } from '../access/principal.ts';
import { auditEntry } from '../audit.ts';
import { decodeCursor } from '../cursor.ts';
import { sha256Hex } from '../digest.ts';
import type { GovernanceRuntime } from '../governance-runtime.ts';
import type { AuthenticatedFacts, Handlers } from '../handler.ts';
import { pageOf } from '../page.ts';
import { HttpProblem } from '../problem.ts';
import { startSweep } from '../start-sweep.ts';

type AgentRoutes = 'listAgents' | 'getAgent' | 'putAgent' | 'stopAgent' | 'resumeAgent';

export function agentRoutes({ sql, runtime }: { sql: Sql; runtime: GovernanceRuntime }): Handlers<AgentRoutes> {
  const readAgent = async (orgId: string, agentId: string): Promise<Agent> => {
    const row = await findAgent(sql, { orgId, agentId });
    if (row === undefined) throw new HttpProblem('not-found');
    return agentOf(row);
  };

  const changeStatus = async (
    agentId: string,
    status: Agent['status'],
    reason: string | null,
    { principal, requestId }: AuthenticatedFacts,
  ): Promise<Agent> => {
    const { orgId } = principal;
    const type = status === 'stopped' ? 'agent.stopped' : 'agent.resumed';
    const audit = auditEntry({ type, actor: requesterOf(principal), target: agentId, requestId, ...(reason === null ? {} : { details: { reason } }) });
    if (!(await setAgentStatus(sql, { orgId, agentId, status, reason, audit }))) throw new HttpProblem('not-found');
    await startSweep({ sql, runtime }, orgId, audit);
    return readAgent(orgId, agentId);
  };

  return {
    async listAgents({ query: { limit = DEFAULT_PAGE_SIZE, cursor } }, { principal: { orgId } }) {
      const afterId = decodeCursor(cursor, 'string', { list: 'agents' }) ?? '';
      const rows = await listAgents(sql, { orgId, afterId, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, { limit, list: 'agents', positionOf: ({ agentId }) => agentId, itemOf: agentOf }) };
    },

    async getAgent({ params: { agentId } }, { principal }) {
      return { status: 200, body: await readAgent(principal.orgId, agentId) };
    },

    async putAgent({ params: { agentId }, body }, { principal, requestId }) {
      const { orgId } = principal;
      const profile = canonicalize(body as unknown as Json);
      const audit = auditEntry({
        type: 'agent.profile-set',
        actor: requesterOf(principal),
        target: agentId,
        requestId,
        details: { profileDigest: sha256Hex(profile) },
      });
      await putAgent(sql, { orgId, agentId, profile, audit });
      await startSweep({ sql, runtime }, orgId, audit);
      return { status: 200, body: await readAgent(orgId, agentId) };
    },

    async stopAgent({ params: { agentId }, body: { reason } }, request) {
      return { status: 200, body: await changeStatus(agentId, 'stopped', reason, request) };
    },

    async resumeAgent({ params: { agentId } }, request) {
      return { status: 200, body: await changeStatus(agentId, 'active', null, request) };
    },
  };
}

function agentOf({ profile, registeredAt, lastSeenAt, ...row }: AgentRow): Agent {
  return {
    ...row,
    profile: profile === null ? null : (JSON.parse(profile) as AgentProfile),
    registeredAt: registeredAt.toISOString(),
    lastSeenAt: lastSeenAt?.toISOString() ?? null,
  };
}
