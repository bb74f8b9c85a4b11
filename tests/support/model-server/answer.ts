import type { ServerResponse } from 'node:http';
import type { Script } from './script.ts';

/** One server-sent event. OpenAI's chat names none; the others do. */
export interface SentEvent {
  event?: string;
  data: unknown;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  /** JSON, or one line of JSON each where it is a list of results. */
  body?: unknown;
  /** A stream instead of a body. The `tail` comes last, whatever is repeated before. */
  events?: { head: SentEvent[]; each: SentEvent[]; tail: SentEvent[] };
}

const BETWEEN_EVENTS_MS = 5;

/** Writes an answer in the way the script asks for. Resolves when it is written, or the client has gone. */
export async function sendAnswer(
  res: ServerResponse,
  answer: Answer,
  { delayMs, breaks, endless }: Pick<Script, 'delayMs' | 'breaks' | 'endless'>,
): Promise<void> {
  if (delayMs === Infinity) return;
  if (delayMs > 0) await pause(res, delayMs);
  const { status, headers = {}, body, events } = answer;
  if (events === undefined) {
    const text = JSON.stringify(body);
    res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers });
    if (breaks) res.write(text.slice(0, text.length / 2), () => res.destroy());
    else res.end(text);
    return;
  }
  res.writeHead(status, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', ...headers });
  for (const event of events.head) res.write(lineOf(event));
  for (;;) {
    for (const event of breaks ? events.each.slice(0, Math.ceil(events.each.length / 2)) : events.each) {
      res.write(lineOf(event));
      // A turn of the loop each, as they come from a model: a reader that stops reading has not been given everything before.
      await pause(res, endless ? BETWEEN_EVENTS_MS : 0);
      if (res.destroyed) return;
    }
    if (!endless) break;
  }
  if (breaks) {
    res.destroy();
    return;
  }
  for (const event of events.tail) res.write(lineOf(event));
  res.end();
}

const lineOf = ({ event, data }: SentEvent): string =>
  `${event === undefined ? '' : `event: ${event}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;

/** Ends early when the client goes. */
function pause(res: ServerResponse, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      res.off('close', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    res.once('close', done);
  });
}
