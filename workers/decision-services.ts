import type { DecisionActivitiesDeps, DecisionOutcome } from '../activities/decision.ts';
import { createDecisionActivities } from '../activities/decision.ts';
import { createDecisionState } from '../activities/decision-state.ts';
import { DecisionUnavailable, type ObserveItem } from '../api/governance-runtime.ts';
import type { Sql } from '../db/client.ts';
import { type Coalescer, createCoalescer } from '../db/coalescer.ts';
import { isDatabaseAway } from '../db/errors.ts';
import { appendRecords, type LedgerReceipt, type LedgerRecord } from '../db/queries/ledger.ts';
import { settleDecisions } from '../db/queries/settle.ts';
import { type BatchSettled, type BatchSettlement, settleBatch } from '../db/queries/settle-batch.ts';
import type { SubjectVault } from '../db/subject-vault.ts';
import { governEventId, observeEventsId } from '../workflows/ids.ts';
import { batchKey } from './observe-runs.ts';
import { createWaiters } from './waiters.ts';

/** Group commit for records that settle nothing else: refusals, administration. */
export const createLedgerAppend = (sql: Sql): Coalescer<LedgerRecord, LedgerReceipt> => createCoalescer({ flush: (records) => appendRecords(sql, records) });

/**
 * Batches stand in a line of their own: they meet at the ledger's head, and those that wait for it there would hold the connections that decisions need.
 * Two at once, so that one is on its way while the other commits.
 */
export const createBatchLine = (sql: Sql): Coalescer<BatchSettlement, BatchSettled> =>
  createCoalescer({ maxBatch: 1, lanes: 2, flush: (batches: BatchSettlement[]) => Promise.all(batches.map((batch) => settleBatch(sql, batch))) });

export type DecisionServices = ReturnType<typeof createDecisionServices>;

/** The deciding activities and the hand-off from them to requests of the same process. */
export function createDecisionServices({
  vault,
  publicUrl,
  publish,
  now = Date.now,
}: {
  vault: SubjectVault;
  publicUrl: string;
  publish?: DecisionActivitiesDeps['publish'];
  now?: () => number;
}) {
  const { sql } = vault;
  const decisions = createWaiters<DecisionOutcome>();
  const observations = createWaiters<ObserveItem[]>();
  const settle = createCoalescer({ flush: (items: Parameters<typeof settleDecisions>[1]) => settleDecisions(sql, items) });
  const batches = createBatchLine(sql);
  const activities = createDecisionActivities({
    vault,
    state: createDecisionState(sql),
    settle,
    settleBatch: batches,
    ...(publish && { publish }),
    publicUrl,
    now,
    answer: ({ orgId, eventId }, outcome) => decisions.resolve(governEventId(orgId, eventId), outcome),
    answerObserved: (input, items) => observations.resolve(observeEventsId(input.orgId, batchKey(input)), items),
    delay({ orgId, eventId }, error) {
      // Only a database that is away is worth telling at once; anything else may be over before the deadline.
      if (isDatabaseAway(error)) decisions.reject(governEventId(orgId, eventId), new DecisionUnavailable('the ledger cannot be reached', { cause: error }));
    },
  });
  return { activities, decisions, observations, drain: () => Promise.all([settle.drain(), batches.drain()]) };
}
