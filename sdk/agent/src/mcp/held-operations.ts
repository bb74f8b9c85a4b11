/** What an operation waits for people with. */
export interface Held {
  reviewId: string;
  url: string;
  expiresAt: string;
}

/** Given to an operation while it runs. */
export interface OperationControl {
  /** Fires when nobody wants the operation any more. */
  signal: AbortSignal;
  /** Called when it is known that people need not decide: unless it has been held, the next operation of its key is another one, and it ends where its callers have gone. */
  release: () => void;
  /**
   * Waits for what people decide, and then for somebody who wants the outcome: meanwhile, calls of the same key attach to this operation
   * instead of beginning one.
   */
  hold: <Value>(held: Held, settled: Promise<Value>) => Promise<Value>;
}

export interface AttendOptions {
  /** Fires when the caller has gone. With a `TimeoutError` it may come back: what is held, or may come to be, stays so without it. */
  signal: AbortSignal;
  /** Told at once when the operation begins to wait for people, and then again and again. */
  onWaiting: (held: Held, elapsedMs: number) => void;
}

/** Actions that may have to wait for people for longer than a caller does. Of each key one at most is held. */
export interface HeldOperations<Outcome> {
  /**
   * Runs the operation, or attaches to the held one of this key.
   * @returns the outcome, the same for everybody who attends; or, when the caller's time is over and people have not decided, what is waited for
   */
  attend: (key: string, run: (control: OperationControl) => Promise<Outcome>, options: AttendOptions) => Promise<{ outcome: Outcome } | { pending: Held }>;
  /** Ends them all. */
  close: (reason: Error) => void;
}

interface Operation<Outcome> {
  outcome: Promise<Outcome>;
  /** Settled when it is known whether it is held. */
  isHeld: Promise<boolean>;
  held: Held | undefined;
  callers: number;
  /** Why the last caller has gone that may come back. */
  leftWith: unknown;
  wasHeld: boolean;
  isReleased: boolean;
  isOver: boolean;
  ended: AbortController;
  /** Resolve when it waits for people, and when somebody attends. */
  onHeld: Set<(held: Held) => void>;
  onCaller: Set<() => void>;
}

/** As many as wait for nobody who attends; the oldest are given up. */
const MAX_UNATTENDED = 1_000;

export function createHeldOperations<Outcome>({ holdMs, progressMs }: { holdMs: number; progressMs: number }): HeldOperations<Outcome> {
  const byKey = new Map<string, Operation<Outcome>>();

  const forget = (key: string, operation: Operation<Outcome>): void => {
    if (byKey.get(key) === operation) byKey.delete(key);
  };

  const begin = (key: string, run: (control: OperationControl) => Promise<Outcome>): Operation<Outcome> => {
    const ended = new AbortController();
    let decide: (isHeld: boolean) => void = () => undefined;
    const decided = new Promise<boolean>((resolve) => {
      decide = resolve;
    });
    const operation: Operation<Outcome> = {
      outcome: undefined as never,
      isHeld: decided,
      held: undefined,
      callers: 0,
      leftWith: undefined,
      wasHeld: false,
      isReleased: false,
      isOver: false,
      ended,
      onHeld: new Set(),
      onCaller: new Set(),
    };
    byKey.set(key, operation);
    const control: OperationControl = {
      signal: ended.signal,
      release() {
        if (operation.wasHeld) return;
        operation.isReleased = true;
        forget(key, operation);
        decide(false);
        if (operation.leftWith !== undefined && operation.callers === 0) ended.abort(operation.leftWith);
      },
      async hold(held, settled) {
        operation.wasHeld = true;
        // One that was released and is held after all, such as for its result.
        if (!byKey.has(key)) byKey.set(key, operation);
        decide(true);
        operation.isHeld = Promise.resolve(true);
        operation.held = held;
        for (const tell of operation.onHeld) tell(held);
        try {
          return await settled;
        } finally {
          operation.held = undefined;
          if (operation.callers === 0) await until(operation.onCaller, ended.signal);
        }
      },
    };
    operation.outcome = run(control).finally(() => {
      operation.isOver = true;
      decide(true);
    });
    // Nobody may be there when it fails.
    operation.outcome.catch(() => undefined);
    return operation;
  };

  /** Nothing may happen between the look and the beginning: of two calls at the same time the second finds the first. */
  const findOrBegin = async (key: string, run: (control: OperationControl) => Promise<Outcome>): Promise<Operation<Outcome>> => {
    for (;;) {
      const known = byKey.get(key);
      if (known === undefined) return begin(key, run);
      if ((await known.isHeld) && byKey.get(key) === known) return known;
    }
  };

  return {
    async attend(key, run, { signal, onWaiting }) {
      signal.throwIfAborted();
      const operation = await findOrBegin(key, run);
      const beganMs = Date.now();
      const gone = new AbortController();
      const tell = (held: Held): void => onWaiting(held, Date.now() - beganMs);
      const ticks = setInterval(() => operation.held !== undefined && tell(operation.held), progressMs);
      operation.onHeld.add(tell);
      operation.callers += 1;
      for (const arrived of operation.onCaller) arrived();
      if (operation.held !== undefined) tell(operation.held);
      try {
        return await Promise.race([
          operation.outcome.then((outcome) => ({ outcome })),
          delay(holdMs, gone.signal).then(async () => ({ pending: operation.held ?? (await nextHeld(operation, gone.signal)) })),
          rejection(signal, gone.signal),
        ]);
      } finally {
        gone.abort();
        clearInterval(ticks);
        operation.onHeld.delete(tell);
        operation.callers -= 1;
        const isLast = operation.callers === 0 && signal.aborted;
        const mayComeBack = isTimeout(signal.reason) && (operation.wasHeld || !operation.isReleased);
        if (operation.isOver) forget(key, operation);
        else if (isLast && !mayComeBack) {
          forget(key, operation);
          operation.ended.abort(signal.reason);
        } else {
          if (isLast) operation.leftWith = signal.reason;
          if (byKey.size > MAX_UNATTENDED) giveUpOldest(byKey);
        }
      }
    },
    close(reason) {
      for (const operation of byKey.values()) operation.ended.abort(reason);
      byKey.clear();
    },
  };
}

const isTimeout = (reason: unknown): boolean => reason instanceof Error && reason.name === 'TimeoutError';

function giveUpOldest<Outcome>(byKey: Map<string, Operation<Outcome>>): void {
  for (const [key, operation] of byKey) {
    if (operation.callers > 0) continue;
    byKey.delete(key);
    operation.ended.abort(new Error('too many actions wait for people'));
    return;
  }
}

/** Resolves when one of the set is called. */
function until(listeners: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      listeners.delete(arrived);
      signal.removeEventListener('abort', onAbort);
    };
    const arrived = (): void => {
      end();
      resolve();
    };
    const onAbort = (): void => {
      end();
      reject(signal.reason as Error);
    };
    if (signal.aborted) return onAbort();
    listeners.add(arrived);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** Never settles once the signal has fired. */
function nextHeld<Outcome>(operation: Operation<Outcome>, signal: AbortSignal): Promise<Held> {
  return new Promise((resolve) => {
    operation.onHeld.add(resolve);
    signal.addEventListener('abort', () => operation.onHeld.delete(resolve), { once: true });
  });
}

/** Never settles once the signal has fired. */
function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
}

/** Rejects with the reason of the first signal; never settles once the second has fired. */
function rejection(signal: AbortSignal, over: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true, signal: over });
  });
}
