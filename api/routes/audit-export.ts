import type { Sql } from '../../db/client.ts';
import { exportPages, openExport } from '../../db/ledger-export.ts';
import type { Handlers } from '../handler.ts';
import { decodeSnapshot, manifestOf } from '../ledger-export.ts';
import { HttpProblem, retryAfter } from '../problem.ts';

type ExportRoutes = 'getExport' | 'getExportFile';

/** Streams that an organisation may read at once from one process: they must leave room for decisions. */
const MAX_STREAMS = 4;

export function auditExportRoutes({ sql, publicUrl }: { sql: Sql; publicUrl: string }): Handlers<ExportRoutes> {
  const host = new URL(publicUrl).host;
  const open = new Map<string, number>();
  const count = (orgId: string, change: 1 | -1): void => {
    const streams = (open.get(orgId) ?? 0) + change;
    if (streams === 0) open.delete(orgId);
    else open.set(orgId, streams);
  };

  return {
    async getExport({ query: { snapshot } }, { principal: { orgId } }) {
      const since = snapshot === undefined ? undefined : decodeSnapshot(snapshot);
      const exported = await openExport(sql, { orgId, host });
      if (exported === undefined) throw new Error('an organisation without a ledger');
      return { status: 200, body: manifestOf(exported, since) };
    },

    async *getExportFile({ params: { file }, query: { snapshot, from } }, { principal: { orgId } }) {
      const pinned = decodeSnapshot(snapshot);
      if ((from?.includes('/') ?? false) && file !== 'tiles.ndjson') {
        throw new HttpProblem('validation-failed', { errors: [{ pointer: '/from', detail: 'is a number in this file', in: 'query' }] });
      }
      if ((open.get(orgId) ?? 0) >= MAX_STREAMS) {
        throw new HttpProblem('rate-limited', { detail: `${MAX_STREAMS} streams of an export at once`, headers: retryAfter(5_000) });
      }
      count(orgId, 1);
      try {
        for await (const lines of exportPages(sql, { orgId, file, snapshot: pinned, from })) yield `${lines.join('\n')}\n`;
      } finally {
        count(orgId, -1);
      }
    },
  };
}
