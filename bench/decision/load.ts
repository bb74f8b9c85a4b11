export interface LoadResult {
  count: number;
  failed: number;
  perSec: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
}

type Call = () => Promise<unknown>;

/** What `Retry-After` asks of a refused caller. */
const RETRY_AFTER_MS = 1_000;

/** Closed loop: `clients` callers, each with one call under way at a time. A refused one waits as it is told. */
export async function closedLoop(call: Call, { clients, seconds }: { clients: number; seconds: number }): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  let failed = 0;
  const startMs = performance.now();
  const endMs = startMs + seconds * 1_000;
  const client = async (): Promise<void> => {
    while (performance.now() < endMs) {
      const sentMs = performance.now();
      await call().then(
        () => latenciesMs.push(performance.now() - sentMs),
        () => {
          failed += 1;
          return new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS));
        },
      );
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return summarise(latenciesMs, failed, performance.now() - startMs);
}

/** Open loop: calls start when they are due, whatever became of the earlier ones. Latency counts from the due time, so a stall is not hidden. */
export async function openLoop(call: Call, { perSec, seconds }: { perSec: number; seconds: number }): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  let failed = 0;
  const startMs = performance.now();
  const calls = Array.from({ length: perSec * seconds }, async (_, index) => {
    const dueMs = startMs + (index * 1_000) / perSec;
    await new Promise((resolve) => setTimeout(resolve, dueMs - performance.now()));
    await call().then(
      () => latenciesMs.push(performance.now() - dueMs),
      () => (failed += 1),
    );
  });
  await Promise.all(calls);
  return summarise(latenciesMs, failed, performance.now() - startMs);
}

function summarise(latenciesMs: number[], failed: number, elapsedMs: number): LoadResult {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const quantile = (share: number): number => Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(1));
  return {
    count: sorted.length,
    failed,
    perSec: Number(((sorted.length / elapsedMs) * 1_000).toFixed(1)),
    p50Ms: quantile(0.5),
    p95Ms: quantile(0.95),
    p99Ms: quantile(0.99),
  };
}
