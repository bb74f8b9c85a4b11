import type { Sql } from '../../db/client.ts';
import { findStop, liftStop, listSettled, listStops, type SettledPlace, type SettledReview, stopAgents, type StopRow } from '../../db/queries/stops.ts';
import { cancelSweep, findSweep, type SweepRow } from '../../db/queries/sweeps.ts';
import { DEFAULT_PAGE_SIZE } from '../../schemas/lists.ts';
import type { CancelledReview, Stop } from '../../schemas/stop.ts';
import type { Sweep } from '../../schemas/sweep.ts';
import { requesterOf } from '../access/principal.ts';
import { auditEntry } from '../audit.ts';
import { decodeCursor } from '../cursor.ts';
import type { GovernanceRuntime } from '../governance-runtime.ts';
import type { Handlers } from '../handler.ts';
import { newId } from '../ids.ts';
import { pageOf } from '../page.ts';
import { HttpProblem } from '../problem.ts';
import { startSweep } from '../start-sweep.ts';

type StopRoutes = 'createStop' | 'listStops' | 'getStop' | 'liftStop' | 'getSweep' | 'cancelSweep';

export function stopRoutes({ sql, runtime }: { sql: Sql; runtime: GovernanceRuntime }): Handlers<StopRoutes> {
  const readStop = async (orgId: string, stopId: string): Promise<StopRow> => {
    const row = await findStop(sql, { orgId, stopId });
    if (row === undefined) throw new HttpProblem('not-found');
    return row;
  };

  const readSweep = async (orgId: string, sweepId: string): Promise<Sweep> => {
    const row = await findSweep(sql, { orgId, sweepId });
    if (row === undefined) throw new HttpProblem('not-found');
    return sweepOf(row);
  };

  return {
    async createStop({ body: { reason, ...body } }, { principal, requestId }) {
      const { orgId } = principal;
      const agents = [...new Set<string>(body.agents)];
      const stopId = newId('stp');
      const stoppedBy = requesterOf(principal);
      const audit = auditEntry({ type: 'agents.stopped', actor: stoppedBy, target: stopId, requestId, details: { agents, reason } });
      await stopAgents(sql, { orgId, stopId, agents, reason, stoppedBy, audit });
      await startSweep({ sql, runtime }, orgId, audit);
      return { status: 202, body: stopOf(await readStop(orgId, stopId)), headers: { Location: `/api/v1/governance/stops/${stopId}` } };
    },

    async listStops({ query: { limit = DEFAULT_PAGE_SIZE, cursor } }, { principal: { orgId } }) {
      const beforeId = decodeCursor(cursor, 'string', { list: 'stops' });
      const rows = await listStops(sql, { orgId, beforeId, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, { limit, list: 'stops', positionOf: ({ id }) => id, itemOf: stopOf }) };
    },

    async getStop({ params: { id: stopId }, query: { limit = DEFAULT_PAGE_SIZE, cursor } }, { principal: { orgId } }) {
      const filters = { stopId };
      const after = placeOf(decodeCursor(cursor, 'string', { ...filters, list: 'stop-cancelled' }));
      const stop = await readStop(orgId, stopId);
      const rows = await listSettled(sql, { orgId, sweepId: stop.sweepId, after, limit: limit + 1 });
      const positionOf = ({ changedSeq, id }: SettledReview): string => `${changedSeq}:${id}`;
      const cancelled = pageOf(rows, { limit, list: 'stop-cancelled', filters, positionOf, itemOf: cancelledOf });
      return { status: 200, body: { ...stopOf(stop), cancelled } };
    },

    async liftStop({ params: { id: stopId } }, { principal, requestId }) {
      const { orgId } = principal;
      const liftedBy = requesterOf(principal);
      const audit = auditEntry({ type: 'agents.stop-lifted', actor: liftedBy, target: stopId, requestId });
      // Lifting twice is no error; lifting what is not there is.
      await liftStop(sql, { orgId, stopId, liftedBy, audit });
      return { status: 200, body: stopOf(await readStop(orgId, stopId)) };
    },

    async getSweep({ params: { id } }, { principal }) {
      return { status: 200, body: await readSweep(principal.orgId, id) };
    },

    async cancelSweep({ params: { id: sweepId } }, { principal, requestId }) {
      const { orgId } = principal;
      const audit = auditEntry({ type: 'sweep.cancelled', actor: requesterOf(principal), target: sweepId, requestId });
      // Its run sees that before its next page is recorded. One that has ended stays as it is.
      await cancelSweep(sql, { orgId, sweepId, audit });
      return { status: 200, body: await readSweep(orgId, sweepId) };
    },
  };
}

function stopOf({ id, agents, reason, stoppedBy, stoppedAt, liftedAt, sweepId, sweepStatus: status, total, done }: StopRow): Stop {
  const sweep = { id: sweepId, status, total, done };
  return { id, agents, reason, stoppedBy, stoppedAt: stoppedAt.toISOString(), liftedAt: liftedAt?.toISOString() ?? null, sweep };
}

/** From the beginning for a cursor of an older release. */
function placeOf(position: string | undefined): SettledPlace | undefined {
  const [, seq, id = ''] = /^(\d{1,15}):(.+)$/.exec(position ?? '') ?? [];
  return seq === undefined ? undefined : { changedSeq: Number(seq), id };
}

function cancelledOf({ decidedAt, changedSeq: _seq, ...row }: SettledReview): CancelledReview {
  return { ...row, decidedAt: decidedAt.toISOString() };
}

function sweepOf({ startedAt, finishedAt, ...row }: SweepRow): Sweep {
  return { ...row, startedAt: startedAt.toISOString(), finishedAt: finishedAt?.toISOString() ?? null };
}
