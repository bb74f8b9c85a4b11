import type { Client } from '@temporalio/client';
import { within } from './within.ts';

/**
 * Ends a call to Temporal at its deadline; what it had begun may still come true. The SDK's deadline alone is not enough: over the
 * worker's connection it holds for each try, and a server that is away is tried again for up to ten seconds.
 */
export function callWithin<T>(client: Client, timeoutMs: number, call: () => Promise<T>): Promise<T> {
  return within(client.withDeadline(Date.now() + timeoutMs, call), timeoutMs, () => new Error(`Temporal did not answer within ${timeoutMs} ms`));
}

const LATE_MS = 10_000;

/** What Temporal did not take in time is offered once more, and nobody waits for that: it may have been late only, and whoever is not told waits for long. */
export function onceMore(call: (timeoutMs?: number) => Promise<void>): Promise<void> {
  return call().catch((error: unknown) => {
    void call(LATE_MS).catch(() => undefined);
    throw error;
  });
}
