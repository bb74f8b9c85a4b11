import type { WebhookFeed } from '../activities/webhook-feed.ts';
import { inParallel } from '../core/in-parallel.ts';
import type { Sql } from '../db/client.ts';
import {
  listUnfedEndpoints,
  listUnfedReplays,
  listUnstartedDeliveries,
  noteDeliveriesStarted,
  pruneWebhooks,
  type UnstartedDelivery,
} from '../db/queries/webhook-feed.ts';
import { watch, type Watch } from './watch.ts';

export interface WebhookWatchDeps {
  sql: Sql;
  feed: WebhookFeed;
  /** Starts the run of a delivery, or leaves the one that runs. */
  start: (delivery: UnstartedDelivery) => Promise<void>;
  onError: (error: unknown) => void;
  now: () => number;
  everyMs?: number;
}

/** Runs share their server with decisions, which must not stand behind them. */
const STARTED_PER_ROUND = 50;
const STARTED_AT_ONCE = 5;
const FED_PER_ROUND = 100;
const FED_AT_ONCE = 4;

const PRUNE_EVERY_MS = 10 * 60_000;
const PRUNED_AT_ONCE = 5_000;
const KEPT_MS = 90 * 86_400_000;

/**
 * Reads ledgers behind the cursors of their endpoints and starts the runs of what is to be delivered. Without endpoints that is one look at an
 * empty index. Several processes may do it: cursors move once, and a run is one however often it is started.
 */
export function watchWebhooks({ sql, feed, start, onError, now, everyMs = 1_000 }: WebhookWatchDeps): Watch {
  let prunedAtMs = now();

  // One that fails must not keep the others waiting.
  const each = <Item>(items: readonly Item[], width: number, signal: AbortSignal, work: (item: Item) => Promise<unknown>): Promise<void> =>
    inParallel(items, width, async (item) => (signal.aborted ? undefined : work(item).catch(onError)));

  const startAll = async (signal: AbortSignal): Promise<void> => {
    const started: UnstartedDelivery[] = [];
    try {
      // Where Temporal is away it is so for all of them: they wait for the next round.
      await inParallel(await listUnstartedDeliveries(sql, { limit: STARTED_PER_ROUND }), STARTED_AT_ONCE, async (delivery) => {
        if (signal.aborted) return;
        await start(delivery);
        started.push(delivery);
      });
    } finally {
      if (started.length > 0) await noteDeliveriesStarted(sql, started);
    }
  };

  return watch(
    async (signal) => {
      const limit = FED_PER_ROUND;
      await each(await listUnfedEndpoints(sql, { limit }), FED_AT_ONCE, signal, (unfed) => feed.feedEndpoint(unfed));
      await each(await listUnfedReplays(sql, { limit }), FED_AT_ONCE, signal, (unfed) => feed.feedReplay(unfed));
      await startAll(signal);
      if (now() - prunedAtMs < PRUNE_EVERY_MS) return;
      prunedAtMs = now();
      await pruneWebhooks(sql, { before: new Date(now() - KEPT_MS), limit: PRUNED_AT_ONCE });
    },
    { everyMs, onError },
  );
}
