import { MastGuardConnectionError, MastGuardError, MastGuardRateLimitError } from './errors.ts';

const FIRST_MS = 500;
const CAP_MS = 8_000;
/** A server that asks for more time than this is not waited for. */
const MAX_RETRY_AFTER_MS = 60_000;

export interface FailedAttempt {
  error: unknown;
  /** 0 for the first. */
  attempt: number;
  /** The operation may be done twice, or the server knows a repetition for what it is. */
  repeatable: boolean;
}

/** How long to wait before the next attempt; undefined: there is none. Half a second, doubled each time, less up to a quarter, or what the server asks for. */
export function retryDelayMs({ error, attempt, repeatable }: FailedAttempt, random: () => number = Math.random): number | undefined {
  if (!(error instanceof MastGuardError) || !isTransient(error, repeatable)) return undefined;
  const { retryAfterMs } = error;
  if (retryAfterMs !== undefined) return retryAfterMs <= MAX_RETRY_AFTER_MS ? retryAfterMs : undefined;
  return Math.min(CAP_MS, FIRST_MS * 2 ** attempt) * (1 - random() / 4);
}

function isTransient(error: MastGuardError, repeatable: boolean): boolean {
  const { status = 0, code, retryAfterMs } = error;
  // Refused before anything was done.
  if (error instanceof MastGuardRateLimitError) return !error.quota;
  if (error instanceof MastGuardConnectionError) return repeatable && (code === 'timeout' || code === 'unreachable');
  // A conflict is final, but for the one that the server says will pass.
  if (status === 409) return repeatable && retryAfterMs !== undefined;
  return repeatable && (status === 408 || status >= 500);
}
