import { verifyExport } from '../core/ledger/verify/verify-export.ts';
import type { Finding } from '../core/ledger/verify/findings.ts';
import type { Sql } from './client.ts';
import { type LedgerExport, openExport } from './ledger-export.ts';
import { ledgerPrimitives } from './ledger-primitives.ts';
import { ledgerSource } from './ledger-source.ts';

export interface LedgerVerification {
  orgId: string;
  entries: number;
  /** Bodies that are missing, those that a purge explains included. */
  purgedBodies: number;
  findings: Finding[];
}

export interface VerifiedLedger extends LedgerVerification {
  /** Number of the newest checkpoint; 0: there is none. */
  checkpoint: number;
}

/** What the database has is no ledger of the format: nothing of it can be verified. */
export class UnreadableLedger extends Error {}

/** More purges than a day has come while it was read. */
const MAX_TRIES = 5;

/**
 * Verifies an organisation's ledger in the database, in memory that does not grow with it. Where it stands is read first, so that entries appended
 * meanwhile are left alone; where something is purged meanwhile it is read again, with the entry that explains it. `onProgress` is told of every
 * page, also where no entries are on it, and may end it by throwing. Unlike an export's verifier this trusts the database to show the same rows to everybody.
 */
export async function readVerified(sql: Sql, orgId: string, onProgress: (done: number, of: number) => Promise<void> | void): Promise<VerifiedLedger> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const ledger = await open(sql, orgId);
    const { header, snapshot } = ledger;
    const total = header.size - header.minIndex;
    let done = 0;
    const source = ledgerSource(sql, ledger, (count) => {
      done = Math.min(done + count, total);
      return onProgress(done, total);
    });
    const result = await verifyExport({ source, primitives: ledgerPrimitives });
    if ('problem' in result) throw new UnreadableLedger(result.problem);
    const { snapshot: now } = await open(sql, orgId);
    if (now.purge === snapshot.purge) {
      return { orgId, entries: result.entries, purgedBodies: result.missingBodies, findings: result.findings, checkpoint: snapshot.checkpoint };
    }
  }
  throw new Error(`the ledger of organisation ${orgId} is purged faster than it is read`);
}

/** The same for people and tests. */
export async function verifyLedger(sql: Sql, orgId: string, onProgress: (done: number, of: number) => void = () => undefined): Promise<LedgerVerification> {
  let told = 0;
  const { checkpoint: _, ...verification } = await readVerified(sql, orgId, (done, of) => {
    if (done !== told) onProgress(done, of);
    told = done;
  });
  return verification;
}

async function open(sql: Sql, orgId: string): Promise<LedgerExport> {
  const ledger = await openExport(sql, { orgId, host: 'localhost' });
  if (ledger === undefined) throw new Error(`organisation ${orgId} has no ledger`);
  return ledger;
}
