/** Where the bytes of an answer come from. */
export interface BodySource {
  /** The next bytes; `undefined` at the end. What it rejects with, the reader of the body gets. */
  pull: () => Promise<Uint8Array | undefined>;
  /** Nobody wants the rest. */
  cancel: (reason: unknown) => void;
  /** Nobody has asked for a long time; somebody still may. */
  idle: () => void;
}

export interface ByteReader {
  read: () => Promise<Uint8Array | undefined>;
  cancel: (reason: unknown) => void;
}

/** A stream of bytes, of the web's kind or, from a `fetch` of one's own, one to iterate over. */
export function byteReader(body: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>): ByteReader {
  if ('getReader' in body) {
    const reader = body.getReader();
    return {
      read: async () => (await reader.read()).value,
      // An answer that has failed already cannot be cancelled, and need not be.
      cancel: (reason) => void reader.cancel(reason).catch(() => undefined),
    };
  }
  const iterator = body[Symbol.asyncIterator]();
  return {
    read: async () => {
      const { done, value } = await iterator.next();
      return done === true ? undefined : value;
    },
    cancel: () => void iterator.return?.().catch(() => undefined),
  };
}

/** All that is left, as it is and as text. */
export async function readAll(reader: Pick<ByteReader, 'read'>): Promise<{ chunks: Uint8Array[]; text: string }> {
  const decoder = new TextDecoder();
  const chunks: Uint8Array[] = [];
  let text = '';
  for (let bytes = await reader.read(); bytes !== undefined; bytes = await reader.read()) {
    chunks.push(bytes);
    text += decoder.decode(bytes, { stream: true });
  }
  return { chunks, text: text + decoder.decode() };
}

const IDLE_MS = 60_000;

export interface WatchOptions {
  signal?: AbortSignal | undefined;
  idleMs?: number | undefined;
}

/**
 * The same source, that hears of the end also where the request is aborted while nobody reads, and of a long time in which nobody does. As from a
 * `fetch`, reading rejects with the signal's reason where that was aborted.
 */
export function watched(source: BodySource, { signal, idleMs = IDLE_MS }: WatchOptions): BodySource {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const rest = (): void => {
    timer = setTimeout(source.idle, idleMs);
    (timer as { unref?: () => void }).unref?.();
  };
  const onAbort = (): void => {
    over();
    source.cancel(signal?.reason);
  };
  const over = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  rest();
  return {
    async pull() {
      clearTimeout(timer);
      let bytes: Uint8Array | undefined;
      try {
        bytes = await source.pull();
        signal?.throwIfAborted();
      } catch (error) {
        over();
        throw error;
      }
      if (bytes === undefined) over();
      else rest();
      return bytes;
    },
    cancel(reason) {
      over();
      source.cancel(reason);
    },
    idle: source.idle,
  };
}

/**
 * A body that reads its source when it is read itself, and no sooner: nothing waits in a queue, which an error would throw away, and a slow
 * reader slows the source.
 */
export function lazyBody({ pull, cancel }: BodySource): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const bytes = await pull();
        if (bytes === undefined) controller.close();
        else controller.enqueue(bytes);
      },
      cancel,
    },
    { highWaterMark: 0 },
  );
}
