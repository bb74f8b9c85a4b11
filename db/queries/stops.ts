import type { Sql, TransactionSql } from '../client.ts';
import { asTenant } from '../tenant.ts';
import { type AuditEntry, auditParameter } from './audit.ts';
import type { SweepRow } from './sweeps.ts';

export interface StopRow {
  id: string;
  agents: string[];
  reason: string;
  stoppedBy: string;
  stoppedAt: Date;
  liftedAt: Date | null;
  sweepId: string;
  sweepStatus: SweepRow['status'];
  total: number;
  done: number;
}

const stops = (tx: TransactionSql, orgId: string) => tx`
  select t.id, t.agents, t.reason, t.stopped_by as "stoppedBy", t.stopped_at as "stoppedAt", t.lifted_at as "liftedAt",
         t.sweep_id as "sweepId", w.status as "sweepStatus", w.total, w.done
  from agent_stop t join review_sweep w on w.org_id = t.org_id and w.id = t.sweep_id
  where t.org_id = ${orgId}`;

/** Newest first, from before `beforeId`. */
export function listStops(sql: Sql, { orgId, beforeId, limit }: { orgId: string; beforeId: string | undefined; limit: number }): Promise<StopRow[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<StopRow[]>`${stops(tx, orgId)} ${beforeId === undefined ? tx`` : tx`and t.id < ${beforeId}`} order by t.id desc limit ${limit}`,
  );
}

export function findStop(sql: Sql, { orgId, stopId }: { orgId: string; stopId: string }): Promise<StopRow | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [stop] = await tx<StopRow[]>`${stops(tx, orgId)} and t.id = ${stopId}`;
    return stop;
  });
}

export interface SettledReview {
  id: string;
  eventId: string;
  agentId: string;
  action: string;
  riskScore: number;
  decidedAt: Date;
  /** Its place in the ledger. */
  changedSeq: number;
}

/** Where a list of settled reviews goes on: behind this one. */
export type SettledPlace = Pick<SettledReview, 'changedSeq' | 'id'>;

/** Reviews that a sweep has ended, in the order of the ledger: what it ends while somebody reads comes behind what was read. */
export function listSettled(
  sql: Sql,
  { orgId, sweepId, after, limit }: { orgId: string; sweepId: string; after: SettledPlace | undefined; limit: number },
): Promise<SettledReview[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<SettledReview[]>`
    select id, event_id as "eventId", agent_id as "agentId", action, risk_score as "riskScore", decided_at as "decidedAt",
           changed_seq as "changedSeq"
    from review
    where org_id = ${orgId} and settled_by = ${sweepId} ${after === undefined ? tx`` : tx`and (changed_seq, id) > (${after.changedSeq}, ${after.id})`}
    order by changed_seq, id limit ${limit}`,
  );
}

export interface NewStop {
  orgId: string;
  stopId: string;
  /** Ids, or `*`. */
  agents: readonly string[];
  reason: string;
  stoppedBy: string;
  audit: AuditEntry;
}

/** In force from the commit on: no decision that was computed before it is settled after it. */
export async function stopAgents(sql: Sql, { orgId, stopId, agents, reason, stoppedBy, audit }: NewStop): Promise<void> {
  await sql`select stop_agents(${orgId}, ${stopId}, ${sql.array([...agents], 25)}::text[], ${reason}, ${stoppedBy}, ${auditParameter(audit)}::text::jsonb)`;
}

/** False when there is no such stop or it was lifted before. */
export async function liftStop(
  sql: Sql,
  { orgId, stopId, liftedBy, audit }: { orgId: string; stopId: string; liftedBy: string; audit: AuditEntry },
): Promise<boolean> {
  const [row] = await sql<{ lifted: boolean }[]>`select lift_stop(${orgId}, ${stopId}, ${liftedBy}, ${auditParameter(audit)}::text::jsonb) as lifted`;
  return row?.lifted === true;
}
