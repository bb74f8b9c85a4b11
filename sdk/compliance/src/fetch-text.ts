import { MastGuardConnectionError } from './errors.ts';
import { MAX_TIMER_MS } from './within.ts';

export interface FetchLimits {
  timeoutMs: number;
  signal: AbortSignal | undefined;
}

/**
 * One request with its whole body, bounded in time. Follows no redirect.
 * @throws MastGuardConnectionError `unreachable` or `timeout`; the signal's reason where that ended it.
 */
export async function fetchText(
  send: typeof fetch,
  url: string,
  init: RequestInit,
  { timeoutMs, signal }: FetchLimits,
): Promise<{ response: Response; text: string }> {
  signal?.throwIfAborted();
  // `AbortSignal.any` is not there on Node 18.
  const ended = new AbortController();
  const onAbort = (): void => ended.abort();
  let timedOut = false;
  const timer = setTimeout(
    () => {
      timedOut = true;
      ended.abort();
    },
    Math.min(timeoutMs, MAX_TIMER_MS),
  );
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const response = await send(url, { ...init, signal: ended.signal, redirect: 'manual' });
    return { response, text: await response.text() };
  } catch (cause) {
    signal?.throwIfAborted();
    throw timedOut
      ? new MastGuardConnectionError(`no answer within ${timeoutMs} ms`, { code: 'timeout', cause })
      : new MastGuardConnectionError('the API cannot be reached, or the connection broke', { code: 'unreachable', cause });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}
