import type { Response } from 'express';
import { drains } from './drains.ts';

export interface TextStreamOptions {
  res: Response;
  contentType: string;
  /** Begun already: what it refuses must be answered as a problem, before the first byte of the stream. */
  first: IteratorResult<string>;
  chunks: AsyncIterator<string>;
  /** Fires when the caller is gone, is cut, or the server stops. */
  signal: AbortSignal;
  cut: AbortController;
  /** Rejects once the caller may not read on. */
  stillPermitted: () => Promise<void>;
  permittedEveryMs?: number;
  /** A reader who takes nothing of what was written within this is cut; it goes on from where it has come to. */
  drainMs?: number;
}

/**
 * Writes text as fast as the reader takes it: the next chunk is not made before the last one is on its way. Only a stream that is whole ends
 * in order; one that is cut breaks the connection off, so that nobody takes a part for all of it.
 */
export async function sendTextStream({
  res,
  contentType,
  first,
  chunks,
  signal,
  cut,
  stillPermitted,
  permittedEveryMs = 15_000,
  drainMs = 60_000,
}: TextStreamOptions): Promise<void> {
  // A proxy that buffers would take it all before the reader has asked for it.
  res.status(200).set({ 'Content-Type': contentType, 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' });
  const beat = setInterval(() => void stillPermitted().catch(() => cut.abort()), permittedEveryMs);
  // Who asks for the headers only has them whole.
  let isWhole = res.req.method === 'HEAD';
  const takes = (text: string): Promise<boolean> | boolean => res.write(text) || (!signal.aborted && drains(res, drainMs, signal));
  try {
    let next = first;
    while (next.done !== true && !signal.aborted) {
      if (await takes(next.value)) next = await chunks.next();
      else cut.abort();
    }
    isWhole ||= next.done === true && !signal.aborted;
  } finally {
    clearInterval(beat);
    cut.abort();
    await chunks.return?.();
    if (isWhole) res.end();
    else res.destroy();
  }
}
