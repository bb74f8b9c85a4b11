import type { Response } from 'express';
import type { StreamEvent } from '../schemas/route.ts';
import { drains } from './drains.ts';

export interface EventStreamOptions {
  res: Response;
  /** Begun already: what it refuses must be answered as a problem, before the first byte of the stream. */
  first: IteratorResult<StreamEvent>;
  events: AsyncIterator<StreamEvent>;
  /** Ends the events when the caller is gone, is cut, or the server stops. */
  cut: AbortController;
  /** Rejects once the caller may not read on. */
  stillPermitted: () => Promise<void>;
  heartbeatMs?: number;
  /** A reader who does not take what was written within this is cut; it comes back with the id of the last event it has. */
  drainMs?: number;
}

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  // A proxy that compresses or buffers would hold events back.
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
  // Whatever ends the stream ends the connection with it: nobody must wait for an idle one at a stop.
  Connection: 'close',
};

/** Writes server-sent events until there are no more. */
export async function sendEventStream({ res, first, events, cut, stillPermitted, heartbeatMs = 15_000, drainMs = 10_000 }: EventStreamOptions): Promise<void> {
  res.status(200).set(HEADERS);
  let isBlocked = false;
  const write = async (text: string): Promise<void> => {
    if (res.write(text)) return;
    isBlocked = true;
    isBlocked = !(await drains(res, drainMs, cut.signal));
    if (isBlocked) cut.abort();
  };
  const beat = setInterval(() => {
    if (!isBlocked) res.write(': \n\n');
    stillPermitted().catch(() => cut.abort());
  }, heartbeatMs);
  try {
    await write('retry: 1000\n\n');
    for (let next = first; next.done !== true && !cut.signal.aborted; next = await events.next()) await write(frameOf(next.value));
  } finally {
    clearInterval(beat);
    cut.abort();
    await events.return?.();
    // What could not be written in time would keep an end from arriving too.
    if (isBlocked) res.destroy();
    else res.end();
  }
}

const frameOf = ({ event, id, data }: StreamEvent): string => `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
