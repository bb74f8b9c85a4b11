import { setTimeout as sleep } from 'node:timers/promises';
import type { WebhookFeed } from '../activities/webhook-feed.ts';
import type { Sql } from '../db/client.ts';
import {
  listUnfedEndpoints,
  listUnfedReplays,
  listUnstartedDeliveries,
  noteDeliveriesStarted,
  pruneWebhooks,
  type Unfed,
  type UnstartedDelivery,
} from '../db/queries/webhook-feed.ts';

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
export function watchWebhooks({ sql, feed, start, onError, now, everyMs = 1_000 }: WebhookWatchDeps): { stop: () => Promise<void> } {
  const stopping = new AbortController();
  let prunedAtMs = now();

  const inParallel = async <Item>(items: readonly Item[], width: number, work: (item: Item) => Promise<unknown>): Promise<void> => {
    const queue = items.values();
    const worker = async (): Promise<void> => {
      // One that fails must not keep the others waiting.
      for (const item of queue) if (!stopping.signal.aborted) await work(item).catch(onError);
    };
    await Promise.all(Array.from({ length: width }, worker));
  };

  const startAll = async (): Promise<void> => {
    const unstarted = await listUnstartedDeliveries(sql, { limit: STARTED_PER_ROUND });
    const started: UnstartedDelivery[] = [];
    const failures: unknown[] = [];
    await inParallel(unstarted, STARTED_AT_ONCE, async (delivery) => {
      // Temporal is away for all of them; they wait for the next round.
      if (failures.length > 0) return;
      await start(delivery).then(
        () => started.push(delivery),
        (error: unknown) => failures.push(error),
      );
    });
    if (started.length > 0) await noteDeliveriesStarted(sql, started);
    if (failures.length > 0) throw failures[0];
  };

  const tick = async (): Promise<void> => {
    const limit = FED_PER_ROUND;
    await inParallel<Unfed>(await listUnfedEndpoints(sql, { limit }), FED_AT_ONCE, (unfed) => feed.feedEndpoint(unfed));
    await inParallel<Unfed>(await listUnfedReplays(sql, { limit }), FED_AT_ONCE, (unfed) => feed.feedReplay(unfed));
    await startAll();
    if (now() - prunedAtMs < PRUNE_EVERY_MS) return;
    prunedAtMs = now();
    await pruneWebhooks(sql, { before: new Date(now() - KEPT_MS), limit: PRUNED_AT_ONCE });
  };

  const running = (async () => {
    while (!stopping.signal.aborted) {
      await tick().catch(onError);
      await sleep(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();

  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
