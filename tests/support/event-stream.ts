import { whileBusy } from './while-busy.ts';

/** One server-sent event as it arrived. */
export interface ReceivedEvent<Data = unknown> {
  event: string;
  id: string;
  data: Data;
}

export interface EventReader {
  status: number;
  headers: Headers;
  /** All events so far. */
  events: ReceivedEvent[];
  /** Comments so far, heartbeats among them. */
  comments: number;
  /** The events once there are that many; fails where the stream ends before. */
  atLeast: (count: number) => Promise<ReceivedEvent[]>;
  /** Resolves when the stream has ended, by whichever side. */
  ended: Promise<void>;
  close: () => Promise<void>;
}

/** Reads a stream of server-sent events as a browser would: an event counts once its blank line has arrived. */
export async function readEvents(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
  const leaving = new AbortController();
  const response = await whileBusy(() => fetch(url, { headers, signal: leaving.signal }));
  const reader: EventReader = {
    status: response.status,
    headers: response.headers,
    events: [],
    comments: 0,
    ended: Promise.resolve(),
    async atLeast(count) {
      let isOver = false;
      void reader.ended.then(() => (isOver = true));
      while (reader.events.length < count) {
        if (isOver) throw new Error(`the stream ended after ${reader.events.length} of ${count} events`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return reader.events;
    },
    async close() {
      leaving.abort();
      await reader.ended;
    },
  };
  const take = (block: string): void => {
    const fields = new Map(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trimStart()]));
    if (fields.has('')) reader.comments += 1;
    const data = fields.get('data');
    if (data !== undefined) reader.events.push({ event: fields.get('event') ?? 'message', id: fields.get('id') ?? '', data: JSON.parse(data) });
  };
  const read = async (): Promise<void> => {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) take(block);
    }
  };
  reader.ended = read().catch(() => undefined);
  return reader;
}
