import type { DecisionValue } from '../../schemas/decision.ts';
import type { MastCategory } from '../../schemas/mast.ts';
import type { Sql } from '../client.ts';
import { asTenant } from '../tenant.ts';

export interface EventRow {
  seq: number;
  at: Date;
  eventId: string;
  agentId: string;
  action: string;
  sessionId: string | null;
  value: DecisionValue;
  riskScore: number;
  categories: MastCategory[];
  policyVersion: string | null;
  ruleId: string | null;
}

export interface EventsQuery {
  orgId: string;
  beforeSeq: number;
  agentId?: string | undefined;
  value?: DecisionValue | undefined;
  sessionId?: string | undefined;
  limit: number;
}

/** Newest first, from below `beforeSeq`. */
export function listEvents(sql: Sql, { orgId, beforeSeq, agentId, value, sessionId, limit }: EventsQuery): Promise<EventRow[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<EventRow[]>`
    select seq, at, event_id as "eventId", agent_id as "agentId", action, session_id as "sessionId", value, risk_score as "riskScore", categories,
           policy_version as "policyVersion", rule_id as "ruleId"
    from agent_events
    where org_id = ${orgId} and seq < ${beforeSeq}
      ${agentId === undefined ? tx`` : tx`and agent_id = ${agentId}`}
      ${value === undefined ? tx`` : tx`and value = ${value}`}
      ${sessionId === undefined ? tx`` : tx`and session_id = ${sessionId}`}
    order by seq desc limit ${limit}`,
  );
}
