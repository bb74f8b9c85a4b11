import { type Attempt, createEventClient } from './client.ts';
import type { IdentifiedEvent } from './traffic.ts';

export interface LoadOptions {
  apiUrl: string;
  apiKey: string;
  events: IdentifiedEvent[];
  /** Callers with one request under way each. */
  clients?: number;
  /** Every so-manyth event is posted by two callers at once, as a client that timed out does. */
  doubleEvery?: number;
}

export interface Load {
  events: IdentifiedEvent[];
  /** Texts of all decisions that were answered, by event id. */
  answers: ReadonlyMap<string, string[]>;
  attempts: readonly Attempt[];
  /** Events for which a caller gave up, with the last answer. */
  failures: readonly string[];
  /** Resolves as soon as so many decisions have been answered. */
  reached: (answered: number) => Promise<void>;
  /** Resolves when every event has a decision or a caller has given up on it. */
  done: Promise<void>;
}

/** Posts the events in order by several callers at once. Each goes on until it has a decision. */
export function startLoad({ apiUrl, apiKey, events, clients = 12, doubleEvery = 7 }: LoadOptions): Load {
  const client = createEventClient({ apiUrl, apiKey });
  const queue = events.flatMap((event, index) => (index % doubleEvery === 0 ? [event, event] : [event]));
  const answers = new Map<string, string[]>();
  const attempts: Attempt[] = [];
  const failures: string[] = [];
  const waiting = new Set<{ answered: number; resolve: () => void }>();
  let answered = 0;

  const release = (): void => {
    for (const waiter of waiting) {
      if (answered < waiter.answered) continue;
      waiting.delete(waiter);
      waiter.resolve();
    }
  };
  const caller = async (): Promise<void> => {
    for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
      const { id } = event;
      await client
        .postUntilDecided(event, (attempt) => attempts.push(attempt))
        .then(
          (text) => answers.set(id, [...(answers.get(id) ?? []), text]),
          (error: unknown) => {
            failures.push(`${id}: ${String(error)}`);
            // One event without a decision for two minutes is the end of the drill.
            queue.length = 0;
          },
        );
      answered += 1;
      release();
    }
  };

  return {
    events,
    answers,
    attempts,
    failures,
    reached: (count) =>
      new Promise((resolve) => {
        waiting.add({ answered: count, resolve });
        release();
      }),
    done: Promise.all(Array.from({ length: clients }, caller)).then(() => client.close()),
  };
}
