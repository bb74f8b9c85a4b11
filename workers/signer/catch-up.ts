import type { Logger } from 'pino';
import type { Sql } from '../../db/client.ts';
import { isDatabaseAway } from '../../db/errors.ts';
import { appendSignerNotes, type LedgerView, readEntries, readLedgerViews } from '../../db/queries/signing.ts';
import type { SignerLimits } from './due.ts';
import type { Memory } from './memory.ts';
import type { Signatory } from './next-checkpoint.ts';
import { beginReading, checkHead, type Contradiction, missingEntry, readEntry, type Reading } from './reading.ts';
import type { OrgPosition } from './remembered.ts';
import { keyAnnounced, type SignerNote, signerResumed } from './signer-notes.ts';
import { vkeysForOrg } from './signing-keys.ts';

/** A ledger that has been read on and holds: it may be signed as far as it was read. */
export interface Ready {
  reading: Reading;
  view: LedgerView;
  position: OrgPosition | null;
  /** Of a record that the checkpoint has to be younger than; 0 where there is none. */
  notBeforeMs: number;
}

export interface CatchUp {
  ready: Ready[];
  /** Contradictions that were found on the way. */
  refused: Map<string, Contradiction>;
  /** There was more to read than one turn does. */
  more: boolean;
}

interface CatchUpParts {
  sql: Sql;
  memory: Memory;
  signatory: Signatory;
  limits: SignerLimits;
  compare: (org: string, view: LedgerView | undefined) => Contradiction | undefined;
  now: () => number;
  logger: Logger;
}

/** Reads what is new in these ledgers, and tells them what they have to be told before they are signed. */
export async function catchUp(orgs: readonly string[], parts: CatchUpParts): Promise<CatchUp> {
  const result: CatchUp = { ready: [], refused: new Map(), more: false };
  await readAll(orgs, parts, result);
  await tellLedgers(parts, result);
  return result;
}

async function readAll(orgs: readonly string[], { sql, memory, limits, compare }: CatchUpParts, result: CatchUp): Promise<void> {
  if (orgs.length === 0) return;
  const views = await readLedgerViews(sql, orgs);
  let left = limits.entriesPerTick;
  // One ledger with years to catch up leaves room for others.
  const most = Math.ceil(limits.entriesPerTick / Math.min(4, orgs.length));
  for (const org of orgs) {
    if (left <= 0) {
      result.more = true;
      return;
    }
    const view = views.get(org);
    const contradiction = compare(org, view);
    if (contradiction !== undefined) result.refused.set(org, contradiction);
    if (contradiction !== undefined || view === undefined) continue;
    const position = memory.orgs.get(org)?.position ?? null;
    const reading = beginReading(org, position);
    const from = reading.tree.size;
    const found = await readOn(sql, reading, view, Math.min(left, most), limits.pageSize);
    left -= reading.tree.size - from;
    if (found === undefined) {
      result.more ||= reading.tree.size < view.nextSeq;
      result.ready.push({ reading, view, position, notBeforeMs: 0 });
    } else {
      result.refused.set(org, found);
    }
  }
}

/** Keys that are new to a ledger, and a silence before this checkpoint; the entries are signed with it. */
async function tellLedgers({ sql, signatory, limits, compare, now, logger }: CatchUpParts, result: CatchUp): Promise<void> {
  const notes: SignerNote[] = [];
  const silent = new Set<string>();
  for (const { reading, view, position } of result.ready) {
    const { org } = reading;
    for (const { vkey, use } of vkeysForOrg(signatory.host, signatory.keys, org)) {
      if (position?.announced.includes(vkey) !== true) notes.push(keyAnnounced(org, use, vkey));
    }
    if (view.newest !== null && now() - view.newest.storedAtMs >= limits.silenceMs) {
      notes.push(signerResumed(org, { silentSince: view.newest.storedAtMs, number: view.newest.number }));
      silent.add(org);
    }
  }
  if (notes.length === 0) return;
  const failed = await appendNotes(sql, notes, logger);
  const told = new Set(notes.map(({ org }) => org));
  const views = await readLedgerViews(sql, [...told]);
  const ready: Ready[] = [];
  for (const each of result.ready) {
    const { org } = each.reading;
    const view = told.has(org) ? views.get(org) : each.view;
    const contradiction =
      failed.get(org) ?? compare(org, view) ?? (view === undefined ? undefined : await readOn(sql, each.reading, view, limits.pageSize, limits.pageSize));
    if (contradiction !== undefined) result.refused.set(org, contradiction);
    else if (view !== undefined) ready.push({ ...each, view, notBeforeMs: silent.has(org) ? now() : 0 });
  }
  result.ready = ready;
}

/** All at once; one by one where the database refuses, so that one ledger that takes no record does not stand before the others. */
export async function appendNotes(sql: Sql, notes: readonly SignerNote[], logger: Logger): Promise<Map<string, Contradiction>> {
  const failed = new Map<string, Contradiction>();
  try {
    if (notes.length > 0) await appendSignerNotes(sql, notes);
  } catch (error) {
    if (isDatabaseAway(error)) throw error;
    for (const note of notes) {
      try {
        await appendSignerNotes(sql, [note]);
      } catch (problem) {
        if (isDatabaseAway(problem)) throw problem;
        logger.warn({ err: problem, orgId: note.org }, 'a ledger takes no record of its signer');
        failed.set(note.org, { reason: 'history-inconsistent', detail: `its ledger takes no record: ${(problem as Error).message}` });
      }
    }
  }
  return failed;
}

/** Reads on until the ledger's head, or so many entries. */
async function readOn(sql: Sql, reading: Reading, view: LedgerView, maxEntries: number, pageSize: number): Promise<Contradiction | undefined> {
  const until = Math.min(view.nextSeq, reading.tree.size + maxEntries);
  while (reading.tree.size < until) {
    const page = await readEntries(sql, { org: reading.org, fromSeq: reading.tree.size, untilSeq: until, limit: pageSize });
    if (page.length === 0) return missingEntry(reading);
    for (const entry of page) {
      const contradiction = readEntry(reading, entry);
      if (contradiction !== undefined) return contradiction;
    }
  }
  return checkHead(reading, view);
}
