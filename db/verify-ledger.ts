import { createHash } from 'node:crypto';
import { createChainVerifier, type ChainFinding } from '../core/ledger/chain.ts';
import type { Sql } from './client.ts';
import { readLedgerHead, readSpine } from './queries/spine.ts';

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

export interface LedgerVerification {
  orgId: string;
  entries: number;
  purgedBodies: number;
  findings: ChainFinding[];
}

/**
 * Recomputes an organisation's chain from the database. The head is read first, so that entries appended meanwhile are left alone.
 * Unlike an export's verifier this trusts the database to show the same rows to everybody.
 */
export async function verifyLedger(sql: Sql, orgId: string, onProgress: (done: number, of: number) => void = () => undefined): Promise<LedgerVerification> {
  const head = await readLedgerHead(sql, orgId);
  if (head === undefined) throw new Error(`organisation ${orgId} has no ledger`);
  const verifier = createChainVerifier(orgId, sha256Hex);
  let next = 0;
  let purgedBodies = 0;
  while (next < head.nextSeq) {
    const rows = (await readSpine(sql, { orgId, fromSeq: next })).filter(({ seq }) => seq < head.nextSeq);
    if (rows.length === 0) break;
    for (const { body, ...entry } of rows) {
      if (body === null) purgedBodies += 1;
      verifier.add({ org: orgId, ...entry }, body ?? undefined);
    }
    next = (rows.at(-1)?.seq ?? next) + 1;
    onProgress(next, head.nextSeq);
  }
  return { orgId, entries: head.nextSeq, purgedBodies, findings: verifier.end(head) };
}
