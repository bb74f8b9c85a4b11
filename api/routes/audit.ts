import { keysOfOrg } from '../../core/ledger/log-names.ts';
import { hexOf } from '../../core/encoding/hex.ts';
import type { Sql } from '../../db/client.ts';
import { sha256 } from '../../db/ledger-primitives.ts';
import { type AuditEntryRow, findAuditEntry, findSeqOfRecord, listAuditEntries, listNewestCheckpoints } from '../../db/queries/audit-trail.ts';
import { type CheckpointRow, listLogKeys, newestCheckpoint } from '../../db/queries/checkpoints.ts';
import { findPurgeReceipt, listPurgeReceipts, type PurgeReceiptRow } from '../../db/queries/purge-receipts.ts';
import { recordId } from '../../db/record-id.ts';
import type { AuditEntry, Checkpoint, PurgeReceipt } from '../../schemas/audit.ts';
import { DEFAULT_PAGE_SIZE } from '../../schemas/lists.ts';
import { decodeCursor } from '../cursor.ts';
import type { Handlers } from '../handler.ts';
import { notYetSigned, proveConsistency, proveEntry } from '../ledger-proofs.ts';
import { pageOf } from '../page.ts';
import { HttpProblem } from '../problem.ts';

type AuditRoutes =
  | 'listAuditEntries'
  | 'getAuditEntry'
  | 'getEntryProof'
  | 'getConsistencyProof'
  | 'listCheckpoints'
  | 'getLatestCheckpoint'
  | 'listLogKeys'
  | 'listPurges'
  | 'getPurge';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const DIGITS = /^(?:0|[1-9][0-9]{0,14})$/;

export function auditRoutes({ sql }: { sql: Sql }): Handlers<AuditRoutes> {
  /** Undefined when nothing of this name is in the ledger. */
  const seqOf = async (orgId: string, id: string, by: 'seq' | 'record' | 'event' | undefined): Promise<number | undefined> => {
    if (by === 'seq' || (by === undefined && DIGITS.test(id))) return DIGITS.test(id) ? Number(id) : undefined;
    if (by !== 'event' && UUID.test(id)) {
      const seq = await findSeqOfRecord(sql, { orgId, id });
      if (seq !== undefined) return seq;
    }
    return by === 'record' ? undefined : findSeqOfRecord(sql, { orgId, id: recordId(orgId, 'event', id) });
  };

  return {
    async listAuditEntries({ query: { limit = DEFAULT_PAGE_SIZE, cursor, ...filters } }, { principal: { orgId } }) {
      const list = 'audit-entries';
      const beforeSeq = decodeCursor(cursor, 'number', { ...filters, list }) ?? Number.MAX_SAFE_INTEGER;
      const rows = await listAuditEntries(sql, { orgId, beforeSeq, ...filters, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, { limit, list, filters, positionOf: ({ seq }) => seq, itemOf: entryOf }) };
    },

    async getAuditEntry({ params: { seq } }, { principal: { orgId } }) {
      const row = await findAuditEntry(sql, { orgId, seq });
      if (row === undefined) throw new HttpProblem('not-found');
      return { status: 200, body: entryOf(row) };
    },

    async getEntryProof({ params: { id }, query: { by } }, { principal: { orgId } }) {
      const seq = await seqOf(orgId, id, by);
      if (seq === undefined) throw new HttpProblem('not-found');
      const body = await proveEntry(sql, { orgId, seq });
      return { status: 200, body, text: body.proofFile };
    },

    async getConsistencyProof({ query: { from, to } }, { principal: { orgId } }) {
      return { status: 200, body: await proveConsistency(sql, { orgId, from, to }) };
    },

    async listCheckpoints({ query: { limit = DEFAULT_PAGE_SIZE, cursor } }, { principal: { orgId } }) {
      const list = 'checkpoints';
      const beforeNumber = decodeCursor(cursor, 'number', { list }) ?? Number.MAX_SAFE_INTEGER;
      const rows = await listNewestCheckpoints(sql, { orgId, beforeNumber, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, { limit, list, positionOf: ({ number }) => number, itemOf: checkpointOf }) };
    },

    async getLatestCheckpoint(_input, { principal: { orgId } }) {
      const row = await newestCheckpoint(sql, orgId);
      if (row === undefined) throw notYetSigned();
      return { status: 200, body: checkpointOf(row), text: row.note };
    },

    async listLogKeys(_input, { principal: { orgId } }) {
      const rows = await listLogKeys(sql);
      // One by one, so that each keeps its times under the name it has for this organisation.
      const data = rows.flatMap(({ createdAt, retiredAt, ...key }) =>
        keysOfOrg([key], orgId, sha256).map(({ vkey, use }) => ({
          vkey,
          use,
          createdAt: createdAt.toISOString(),
          retiredAt: retiredAt?.toISOString() ?? null,
        })),
      );
      return { status: 200, body: { data } };
    },

    async listPurges({ query: { limit = DEFAULT_PAGE_SIZE, cursor } }, { principal: { orgId } }) {
      const list = 'purges';
      const beforeId = decodeCursor(cursor, 'string', { list });
      const rows = await listPurgeReceipts(sql, { orgId, beforeId, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, { limit, list, positionOf: ({ id }) => id, itemOf: receiptOf }) };
    },

    async getPurge({ params: { id } }, { principal: { orgId } }) {
      const row = await findPurgeReceipt(sql, { orgId, id });
      if (row === undefined) throw new HttpProblem('not-found');
      return { status: 200, body: receiptOf(row) };
    },
  };
}

function entryOf({ at, ...row }: AuditEntryRow): AuditEntry {
  return { ...row, at: at.toISOString(), purged: row.body === null };
}

function checkpointOf({ number, size, root, storedAt, note }: CheckpointRow): Checkpoint {
  return { number, size, root: hexOf(root), signedAt: storedAt.toISOString(), note };
}

function receiptOf({ id, status, startedAt, finishedAt, total, done, prunedEntries, entrySeq, entryHash, body }: PurgeReceiptRow): PurgeReceipt {
  return {
    id,
    status,
    startedAt: startedAt.toISOString(),
    finishedAt: finishedAt?.toISOString() ?? null,
    bodies: { total, purged: done },
    prunedEntries,
    entry: entrySeq === null ? null : { seq: entrySeq, entryHash, body },
  };
}
