const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Before each try, in milliseconds: some 75 hours in all, so that a weekend's outage loses nothing. Published in docs/spec/webhooks.md. */
export const WEBHOOK_WAITS_MS: readonly number[] = [0, 5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];

/** Answers of a receiver that has too much to do: everything for it waits. */
export const THROTTLING: ReadonlySet<number> = new Set([429, 502, 504]);
const THROTTLE_MS = 30 * SECOND;

/** How long a throttled receiver is left alone. */
export const pauseMs = (retryAfterMs: number | null): number => retryAfterMs ?? THROTTLE_MS;
