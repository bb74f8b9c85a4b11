import { inParallel } from '../../../core/in-parallel.ts';
import type { MastGuardClient } from '../../compliance/src/client.ts';
import { MastGuardNotFoundError } from '../../compliance/src/errors.ts';
import type { AuditEntry } from './audit-logger.ts';

/** What an entry and the ledger say of the same event. */
export type Reconciled =
  /** The ledger says the same, in the same place where there is a receipt. */
  | 'agrees'
  /** Decided in this process; the ledger has the event and a decision of its own. */
  | 'delivered'
  /** The ledger does not have the event. */
  | 'missing'
  /** The ledger says something else than it had answered. */
  | 'differs';

export interface ReconcileOptions {
  signal?: AbortSignal | undefined;
  /** Told after every entry, for a bar. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

export interface Reconciliation {
  agrees: number;
  delivered: number;
  /** Entries that are for people to look at. */
  missing: AuditEntry[];
  differs: AuditEntry[];
}

const AT_ONCE = 8;

/**
 * Compares a local chain with the ledger, entry by entry.
 * @throws MastGuardError where the ledger cannot be asked; the signal's reason where that ended it
 * @example await reconcile(client, audit.entries)
 */
export async function reconcile(
  client: MastGuardClient,
  entries: readonly AuditEntry[],
  { signal, onProgress }: ReconcileOptions = {},
): Promise<Reconciliation> {
  const found: Reconciliation = { agrees: 0, delivered: 0, missing: [], differs: [] };
  let done = 0;
  await inParallel(entries, AT_ONCE, async (entry) => {
    const outcome = await compare(client, entry, signal);
    if (outcome === 'agrees' || outcome === 'delivered') found[outcome] += 1;
    else found[outcome].push(entry);
    onProgress?.({ done: (done += 1), total: entries.length });
  });
  return found;
}

async function compare(client: MastGuardClient, { eventId, source, value, receipt }: AuditEntry, signal: AbortSignal | undefined): Promise<Reconciled> {
  try {
    const { decision } = await client.governance.events.get(eventId, { signal });
    if (source !== 'server') return 'delivered';
    return decision.value === value && (receipt === null || decision.receipt.entryHash === receipt.entryHash) ? 'agrees' : 'differs';
  } catch (error) {
    if (error instanceof MastGuardNotFoundError) return 'missing';
    throw error;
  }
}
