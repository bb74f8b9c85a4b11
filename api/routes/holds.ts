import type { Sql } from '../../db/client.ts';
import { findHold, type HoldRow, listHolds, placeHold, releaseHold } from '../../db/queries/holds.ts';
import { readRetention, type RetentionRow } from '../../db/queries/retention.ts';
import type { Hold } from '../../schemas/hold.ts';
import { DEFAULT_PAGE_SIZE } from '../../schemas/lists.ts';
import type { Retention } from '../../schemas/retention.ts';
import { requesterOf } from '../access/principal.ts';
import { auditEntry } from '../audit.ts';
import { decodeCursor } from '../cursor.ts';
import type { Handlers } from '../handler.ts';
import { newId } from '../ids.ts';
import { pageOf } from '../page.ts';
import { HttpProblem } from '../problem.ts';

type HoldRoutes = 'placeHold' | 'listHolds' | 'getHold' | 'releaseHold' | 'getRetention';

export function holdRoutes({ sql, publicUrl }: { sql: Sql; publicUrl: string }): Handlers<HoldRoutes> {
  const readHold = async (orgId: string, holdId: string): Promise<Hold> => {
    const row = await findHold(sql, { orgId, holdId });
    if (row === undefined) throw new HttpProblem('not-found');
    return holdOf(row);
  };

  return {
    async placeHold({ body: { reason, ...range } }, { principal, requestId }) {
      const { orgId } = principal;
      const holdId = newId('hld');
      const placedBy = requesterOf(principal);
      const [from, until] = [timeOf(range.from), timeOf(range.until)];
      const audit = auditEntry({ type: 'hold.placed', actor: placedBy, target: holdId, requestId, details: { reason, from, until } });
      await placeHold(sql, { orgId, holdId, reason, from, until, placedBy, audit });
      return { status: 201, body: await readHold(orgId, holdId), headers: { Location: `/api/v1/audit/holds/${holdId}` } };
    },

    async listHolds({ query: { limit = DEFAULT_PAGE_SIZE, cursor, status } }, { principal: { orgId } }) {
      const filters = { status };
      const beforeId = decodeCursor(cursor, 'string', { ...filters, list: 'holds' });
      const rows = await listHolds(sql, { orgId, beforeId, limit: limit + 1, ...(status && { inForce: status === 'in-force' }) });
      return { status: 200, body: pageOf(rows, { limit, list: 'holds', filters, positionOf: ({ id }) => id, itemOf: holdOf }) };
    },

    async getHold({ params: { id } }, { principal }) {
      return { status: 200, body: await readHold(principal.orgId, id) };
    },

    async releaseHold({ params: { id: holdId } }, { principal, requestId }) {
      const { orgId } = principal;
      const releasedBy = requesterOf(principal);
      const audit = auditEntry({ type: 'hold.released', actor: releasedBy, target: holdId, requestId });
      // Releasing twice is no error; releasing what is not there is.
      await releaseHold(sql, { orgId, holdId, releasedBy, audit });
      return { status: 200, body: await readHold(orgId, holdId) };
    },

    async getRetention(_input, { principal: { orgId } }) {
      const row = await readRetention(sql, orgId);
      if (row === undefined) throw new HttpProblem('not-found');
      return { status: 200, body: retentionOf(row, `${publicUrl}/api/v1/audit/export`) };
    },
  };
}

/** In whole milliseconds, as entries have their time. */
const timeOf = (time: string | null): string | null => (time === null ? null : new Date(time).toISOString());

function holdOf({ from, until, placedAt, releasedAt, ...row }: HoldRow): Hold {
  return {
    ...row,
    from: from?.toISOString() ?? null,
    until: until?.toISOString() ?? null,
    placedAt: placedAt.toISOString(),
    releasedAt: releasedAt?.toISOString() ?? null,
  };
}

function retentionOf({ reduction, lastPurge, ...row }: RetentionRow, exportUrl: string): Retention {
  return {
    ...row,
    reduction: reduction && {
      ...reduction,
      noticeAt: new Date(reduction.noticeAt).toISOString(),
      effectiveAt: new Date(reduction.effectiveAt).toISOString(),
      export: exportUrl,
    },
    lastPurge: lastPurge && { ...lastPurge, at: lastPurge.at.toISOString() },
  };
}
