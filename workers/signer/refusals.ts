import type { Logger } from 'pino';
import type { Sql } from '../../db/client.ts';
import { isDatabaseAway } from '../../db/errors.ts';
import { appendSignerNotes } from '../../db/queries/signing.ts';
import type { Memory } from './memory.ts';
import type { Contradiction } from './reading.ts';
import type { Refusal } from './remembered.ts';
import { signerRefused } from './signer-notes.ts';

/** Organisations for which nothing is signed until an operator has acted. */
export interface Refusals {
  has: (org: string) => boolean;
  readonly size: number;
  add: (org: string, contradiction: Contradiction) => void;
  /** Remembers what is new and tells the organisations' ledgers; what fails is tried again at the next call. */
  settle: () => Promise<void>;
}

interface Pending extends Refusal {
  kept: boolean;
}

export function createRefusals({ sql, memory, logger, now }: { sql: Sql; memory: Memory; logger: Logger; now: () => number }): Refusals {
  const refusals = new Map<string, Pending>();
  for (const { org, refusal } of memory.orgs.values()) if (refusal !== null) refusals.set(org, { ...refusal, kept: true });
  for (const [orgId, { reason, detail }] of refusals) logger.error({ orgId, reason, detail }, 'nothing is signed for this organisation: it was refused before');

  async function keep(org: string, { kept: _kept, ...refusal }: Pending): Promise<void> {
    const position = memory.orgs.get(org)?.position ?? null;
    await memory.keepOrgs([{ v: 1, org, position, refusal }]);
  }

  async function tell(org: string, pending: Pending): Promise<void> {
    try {
      await appendSignerNotes(sql, [signerRefused(org, pending, memory.orgs.get(org)?.position ?? null)]);
    } catch (error) {
      if (isDatabaseAway(error)) throw error;
      logger.warn({ err: error, orgId: org }, 'the ledger of a refused organisation takes no record of it');
    }
    pending.recorded = true;
  }

  return {
    has: (org) => refusals.has(org),
    get size() {
      return refusals.size;
    },
    add(org, { reason, detail }) {
      if (refusals.has(org)) return;
      refusals.set(org, { reason, detail, atMs: now(), recorded: false, kept: false });
      logger.error({ orgId: org, reason, detail }, 'nothing is signed for this organisation any more: its history contradicts what was signed');
    },
    async settle() {
      for (const [org, pending] of refusals) {
        // A damaged file is evidence, and is found damaged again by the next start.
        if (memory.damaged.has(org)) pending.kept = true;
        if (!pending.kept) {
          await keep(org, pending);
          pending.kept = true;
        }
        if (!pending.recorded) {
          await tell(org, pending);
          if (!memory.damaged.has(org)) await keep(org, pending);
        }
      }
    },
  };
}
