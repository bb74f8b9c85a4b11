import type { MastGuardClient } from '../../compliance/src/client.ts';
import { MastGuardError, MastGuardValidationError } from '../../compliance/src/errors.ts';
import { type BufferedEvent, type BufferStore, memoryBuffer } from './buffer-store.ts';
import { unavailableCause } from './unavailable.ts';

type OnFault = (fault: unknown) => void;

export interface OutboxOptions {
  client: MastGuardClient;
  store?: BufferStore | undefined;
  /** Told of an event that is refused for good, of a full store, and of a key that is not taken. */
  onFault?: OnFault | undefined;
  /** Before the first repetition; it doubles up to half a minute. */
  retryMs?: number | undefined;
}

/** Delivers events in the order in which they came, each once: the server knows one that it has by its id. */
export interface Outbox {
  /** `onFault`: told of this one's faults, instead of that of the options. */
  add: (entry: BufferedEvent, onFault?: OnFault) => void;
  /** Tries at once; resolves when nothing waits any more, or the time is over. */
  flush: (options?: { timeoutMs?: number | undefined }) => Promise<{ waiting: number }>;
}

/** Bounds of a request, below those of the API. */
const BATCH_EVENTS = 100;
const BATCH_CHARS = 400_000;
const MAX_RETRY_MS = 30_000;
/** The pauses between attempts are ours, for they must not keep a process alive. */
const ONE_ATTEMPT = { maxRetries: 0 };

const outboxes = new WeakMap<BufferStore, { destination: unknown; outbox: Outbox }>();

/**
 * The outbox of the store: two on one store would deliver the same events, and each would then drop as many again that nobody has delivered.
 * `destination` is whose key delivers them and where to. Events of another one are refused: they would end up in the ledger of whoever came first.
 * @throws MastGuardError `shared-buffer`
 */
export function outboxOf({ destination, store = memoryBuffer(), onFault, ...options }: OutboxOptions & { destination: unknown }): Outbox {
  const known = outboxes.get(store);
  if (known !== undefined && known.destination !== destination) {
    throw new MastGuardError('this `buffer` is in use with another `client`, key or address: give each a buffer of its own, or both the same `client`', {
      code: 'shared-buffer',
    });
  }
  const outbox = known?.outbox ?? createOutbox({ ...options, store, onFault });
  outboxes.set(store, { destination, outbox });
  return { ...outbox, add: (entry) => outbox.add(entry, onFault) };
}

export function createOutbox({ client, store = memoryBuffer(), onFault, retryMs = 500 }: OutboxOptions): Outbox {
  let running: Promise<void> | undefined;
  let wake: (() => void) | undefined;
  /** By the id of the event: those who share an outbox are told of their own. */
  const listeners = new Map<string, OnFault>();
  const tell: Tell = (fault, entries) => {
    for (const told of new Set(entries.map(({ event }) => listeners.get(event.id) ?? onFault))) told?.(fault);
  };

  const run = async (): Promise<void> => {
    let waitMs = retryMs;
    while (store.size > 0) {
      const batch = oneRequest(store.peek(BATCH_EVENTS));
      try {
        await deliver(client, batch, tell);
        store.drop(batch.length);
        for (const { event } of batch) listeners.delete(event.id);
        waitMs = retryMs;
      } catch (error) {
        if (unavailableCause(error) === undefined) tell(error, batch);
        // A process that has nothing else to do ends, whatever waits.
        await pause(waitMs * (0.75 + Math.random() / 2), (end) => (wake = end), { keepsAlive: false });
        waitMs = Math.min(waitMs * 2, MAX_RETRY_MS);
      }
    }
  };
  const start = (): void => {
    running ??= run().finally(() => {
      running = undefined;
      if (store.size > 0) start();
    });
  };
  // What an earlier process has left.
  if (store.size > 0) start();

  return {
    add(entry, listener = onFault) {
      try {
        store.append(entry);
        if (listener !== undefined) listeners.set(entry.event.id, listener);
        start();
      } catch (fault) {
        listener?.(fault);
      }
    },
    async flush({ timeoutMs = 10_000 } = {}) {
      wake?.();
      let stop: (() => void) | undefined;
      await Promise.race([running, pause(timeoutMs, (end) => (stop = end), { keepsAlive: true })]);
      stop?.();
      return { waiting: store.size };
    },
  };
}

/** The first of them, at least one, that fit into a request. */
function oneRequest(entries: BufferedEvent[]): BufferedEvent[] {
  let chars = 0;
  const end = entries.findIndex(({ event }, index) => (chars += JSON.stringify(event).length) > BATCH_CHARS && index > 0);
  return end === -1 ? entries : entries.slice(0, end);
}

/** What went wrong with these. */
type Tell = (fault: unknown, entries: readonly BufferedEvent[]) => void;

/** @throws MastGuardError where all of it is to be tried again */
async function deliver(client: MastGuardClient, batch: readonly BufferedEvent[], tell: Tell): Promise<void> {
  const [only] = batch;
  try {
    const { data } = await client.governance.ingestBatch(
      batch.map(({ event }) => event),
      ONE_ATTEMPT,
    );
    if (data.some(({ status }) => status === 'quota')) throw new MastGuardError('the events of the month are used up', { code: 'quota-exceeded', status: 429 });
    for (const { eventId, status } of data) {
      if (status !== 'conflict') continue;
      const fault = new MastGuardError(`another event has the id ${eventId} already`, { code: 'event-conflict' });
      tell(
        fault,
        batch.filter(({ event }) => event.id === eventId),
      );
    }
  } catch (error) {
    if (!(error instanceof MastGuardValidationError)) throw error;
    if (batch.length === 1 || only === undefined) return tell(error, batch);
    // One of them is not valid; the others must not wait for it.
    for (const entry of batch) await deliver(client, [entry], tell);
    return;
  }
  for (const entry of batch) await report(client, entry, tell);
}

async function report(client: MastGuardClient, entry: BufferedEvent, tell: Tell): Promise<void> {
  if (entry.failMode === undefined) return;
  try {
    await client.governance.events.reportFailMode(entry.event.id, entry.failMode, ONE_ATTEMPT);
  } catch (error) {
    if (!isFinal(error)) throw error;
    tell(error, [entry]);
  }
}

/** Asking again would not change the answer. */
const isFinal = (error: unknown): boolean => error instanceof MastGuardError && error.status !== undefined && [400, 404, 409, 422].includes(error.status);

/** A pause that can be ended. */
function pause(ms: number, onStart: (end: () => void) => void, { keepsAlive }: { keepsAlive: boolean }): Promise<void> {
  return new Promise((resolve) => {
    const timer: unknown = setTimeout(resolve, ms);
    if (!keepsAlive) (timer as { unref?: () => void }).unref?.();
    onStart(() => {
      clearTimeout(timer as number);
      resolve();
    });
  });
}
