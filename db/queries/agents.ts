import type { Sql, TransactionSql } from '../client.ts';
import { asTenant } from '../tenant.ts';
import { auditParameter } from './audit.ts';
import type { AuditEntry } from './audit.ts';

export interface AgentRow {
  agentId: string;
  status: 'active' | 'stopped';
  stoppedReason: string | null;
  /** JSON text. */
  profile: string | null;
  registeredAt: Date;
  lastSeenAt: Date | null;
}

const columns = (tx: TransactionSql) => tx`
  agent_id as "agentId", status, stopped_reason as "stoppedReason", profile, registered_at as "registeredAt", last_seen_at as "lastSeenAt"`;

/** By id, from behind `afterId`. */
export function listAgents(sql: Sql, { orgId, afterId, limit }: { orgId: string; afterId: string; limit: number }): Promise<AgentRow[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<AgentRow[]>`
    select ${columns(tx)} from agent where org_id = ${orgId} and agent_id > ${afterId} order by agent_id limit ${limit}`,
  );
}

export function findAgent(sql: Sql, { orgId, agentId }: { orgId: string; agentId: string }): Promise<AgentRow | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [agent] = await tx<AgentRow[]>`select ${columns(tx)} from agent where org_id = ${orgId} and agent_id = ${agentId}`;
    return agent;
  });
}

/** Sets the profile, registering the agent where it is new. */
export async function putAgent(
  sql: Sql,
  { orgId, agentId, profile, audit }: { orgId: string; agentId: string; profile: string; audit: AuditEntry },
): Promise<void> {
  await sql`select put_agent(${orgId}, ${agentId}, ${profile}, ${auditParameter(audit)}::text::jsonb)`;
}

export interface AgentStatusChange {
  orgId: string;
  agentId: string;
  status: AgentRow['status'];
  reason: string | null;
  audit: AuditEntry;
}

/** False when there is no such agent. */
export async function setAgentStatus(sql: Sql, { orgId, agentId, status, reason, audit }: AgentStatusChange): Promise<boolean> {
  const [row] = await sql<{ changed: boolean }[]>`
    select set_agent_status(${orgId}, ${agentId}, ${status}, ${reason}, ${auditParameter(audit)}::text::jsonb) as changed`;
  return row?.changed === true;
}
