import type { Sql } from '../../db/client.ts';
import { type AnchorReceiptRow, listAnchorReceipts, type ReceiptPosition } from '../../db/queries/anchors.ts';
import type { AnchorReceipt } from '../../schemas/anchor.ts';
import { DEFAULT_PAGE_SIZE } from '../../schemas/lists.ts';
import { decodeCursor } from '../cursor.ts';
import type { Handlers } from '../handler.ts';
import { pageOf } from '../page.ts';
import { HttpProblem } from '../problem.ts';

export function anchorRoutes({ sql }: { sql: Sql }): Handlers<'listAnchorReceipts'> {
  return {
    async listAnchorReceipts({ query: { limit = DEFAULT_PAGE_SIZE, cursor, of, anchor } }, { principal: { orgId } }) {
      const filters = { of, anchor };
      const position = decodeCursor(cursor, 'string', { ...filters, list: 'anchor-receipts' });
      const before = position === undefined ? undefined : readPosition(position);
      const rows = await listAnchorReceipts(sql, { orgId, ...filters, before, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, { limit, list: 'anchor-receipts', filters, positionOf, itemOf: receiptOf }) };
    },
  };
}

/** A receipt has no id: time, anchor, whose checkpoint and its number. */
const positionOf = ({ anchoredAt, anchor, isDeployment, number }: AnchorReceiptRow): string =>
  `${anchoredAt.getTime()} ${anchor} ${isDeployment ? 'deployment' : 'organization'} ${number}`;

function readPosition(position: string): ReceiptPosition {
  const [, at, anchor, of, number] = /^(\d{1,15}) ([a-z0-9-]{1,40}) (deployment|organization) (\d{1,15})$/.exec(position) ?? [];
  if (at === undefined || anchor === undefined || number === undefined) {
    throw new HttpProblem('validation-failed', { errors: [{ pointer: '/cursor', detail: 'not a cursor of this list', in: 'query' }] });
  }
  return { anchoredAtMs: Number(at), anchor, isDeployment: of === 'deployment', number: Number(number) };
}

function receiptOf({ isDeployment, anchoredAt, ...row }: AnchorReceiptRow): AnchorReceipt {
  return { ...row, of: isDeployment ? 'deployment' : 'organization', anchoredAt: anchoredAt.toISOString() };
}
