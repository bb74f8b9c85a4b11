import type { Sql } from '../../db/client.ts';
import { cancelLedgerCheck, findLedgerCheck, type LedgerCheckRow, listLedgerChecks, openLedgerCheck } from '../../db/queries/ledger-checks.ts';
import type { LedgerCheck } from '../../schemas/audit.ts';
import { DEFAULT_PAGE_SIZE } from '../../schemas/lists.ts';
import { requesterOf } from '../access/principal.ts';
import { auditEntry } from '../audit.ts';
import { decodeCursor } from '../cursor.ts';
import type { GovernanceRuntime } from '../governance-runtime.ts';
import type { Handlers } from '../handler.ts';
import { newId } from '../ids.ts';
import { pageOf } from '../page.ts';
import { HttpProblem } from '../problem.ts';

type LedgerCheckRoutes = 'startLedgerCheck' | 'listLedgerChecks' | 'getLedgerCheck' | 'cancelLedgerCheck';

export function ledgerCheckRoutes({ sql, runtime }: { sql: Sql; runtime: Pick<GovernanceRuntime, 'verifyLedger'> }): Handlers<LedgerCheckRoutes> {
  const read = async (orgId: string, checkId: string): Promise<LedgerCheck> => {
    const row = await findLedgerCheck(sql, { orgId, checkId });
    if (row === undefined) throw new HttpProblem('not-found');
    return checkOf(row);
  };

  return {
    async startLedgerCheck(_input, { principal }) {
      const { orgId } = principal;
      const checkId = await openLedgerCheck(sql, { orgId, checkId: newId('chk'), requestedBy: requesterOf(principal) });
      // One that was opened before may have lost its run: this starts it again.
      await runtime.verifyLedger({ orgId, checkId });
      return { status: 202, body: await read(orgId, checkId), headers: { Location: `/api/v1/audit/verifications/${checkId}` } };
    },

    async listLedgerChecks({ query: { limit = DEFAULT_PAGE_SIZE, cursor } }, { principal: { orgId } }) {
      const list = 'ledger-checks';
      const beforeId = decodeCursor(cursor, 'string', { list });
      const rows = await listLedgerChecks(sql, { orgId, beforeId, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, { limit, list, positionOf: ({ id }) => id, itemOf: checkOf }) };
    },

    async getLedgerCheck({ params: { id } }, { principal: { orgId } }) {
      return { status: 200, body: await read(orgId, id) };
    },

    async cancelLedgerCheck({ params: { id: checkId } }, { principal, requestId }) {
      const { orgId } = principal;
      const audit = auditEntry({ type: 'ledger.check-cancelled', actor: requesterOf(principal), target: checkId, requestId });
      // Its run sees that at its next page. One that has ended stays as it is.
      await cancelLedgerCheck(sql, { orgId, checkId, audit });
      return { status: 200, body: await read(orgId, checkId) };
    },
  };
}

function checkOf({ startedAt, finishedAt, ...row }: LedgerCheckRow): LedgerCheck {
  const percent = row.status === 'finished' ? 100 : Math.floor((100 * Math.min(row.done, row.total)) / Math.max(1, row.total));
  return { ...row, startedAt: startedAt.toISOString(), finishedAt: finishedAt?.toISOString() ?? null, percent };
}
