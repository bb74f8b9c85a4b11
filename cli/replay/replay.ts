import type { Decision } from '../../schemas/decision.ts';
import type { EventInput } from '../../schemas/event.ts';
import { readLine } from './read-line.ts';
import type { FormatName } from './read-line.ts';
import { UnreadableLine } from './recorded-session.ts';
import { idSafeName } from './replay-id.ts';
import { createTally } from './tally.ts';
import type { ReplaySummary } from './tally.ts';

/** What became of one event. `gone`: nobody answers any more, the run ends. `stopped`: given up while waiting for another try. */
export type PostOutcome =
  | { kind: 'decided'; decision: Decision }
  | { kind: 'refused'; detail: string }
  | { kind: 'gone'; detail: string }
  | { kind: 'stopped' };

/** Sends one event and waits for its decision. */
export type PostEvent = (event: EventInput & { id: string }) => Promise<PostOutcome>;

export interface ReplayOptions {
  lines: AsyncIterable<string> | Iterable<string>;
  post: PostEvent;
  format?: FormatName;
  /** Sessions side by side. */
  concurrency?: number;
  /** Events sent at most. */
  limit?: number;
  /** Begins every event and session id. The same prefix replays to the decisions on record, another one decides anew. */
  prefix?: string;
  /** Ends the run after the requests in flight. */
  signal?: AbortSignal;
  /** After each event: how many were sent, and how many were read so far. */
  onEvent?: (sent: number, read: number) => void;
  onUnreadable?: (line: number, detail: string) => void;
  nowMs?: () => number;
}

/** Events read ahead of what is being sent. Bounds memory; enough to find work for every place while one session is long. */
const MAX_EVENTS_AHEAD = 2_000;

/** Sends a recording in order: the events of one session strictly one after the other, `concurrency` sessions side by side. */
export async function replay({
  lines,
  post,
  format = 'auto',
  concurrency = 8,
  limit = Infinity,
  prefix = 'replay-',
  signal,
  onEvent = () => undefined,
  onUnreadable = () => undefined,
  nowMs = () => performance.now(),
}: ReplayOptions): Promise<ReplaySummary> {
  const tally = createTally(nowMs);
  const lanes = createLanes(concurrency);
  const nextIndex = new Map<string, number>();
  let taken = 0;
  let sent = 0;
  let gone = false;
  const isOver = (): boolean => gone || signal?.aborted === true;

  const send = async (session: string, event: EventInput & { id: string }): Promise<void> => {
    if (isOver()) return;
    tally.addSession(session);
    const startedAtMs = nowMs();
    const outcome = await post(event);
    if (outcome.kind === 'stopped') return;
    if (outcome.kind === 'decided') tally.addDecision(outcome.decision, nowMs() - startedAtMs);
    else tally.addFailure(event.id, outcome.detail);
    if (outcome.kind === 'gone') gone = true;
    onEvent((sent += 1), taken);
  };

  let lineNumber = 0;
  for await (const text of lines) {
    lineNumber += 1;
    if (isOver() || taken >= limit) break;
    if (text.trim() === '') continue;
    try {
      const { session, events } = readLine(text, format);
      const name = idSafeName(session ?? `line-${lineNumber}`);
      const first = nextIndex.get(name) ?? 0;
      const named = events
        .slice(0, limit - taken)
        .map((event, index) => renamed(event, { prefix, name, index: first + index, inSession: session !== null || events.length > 1 }));
      taken += named.length;
      if (session !== null) nextIndex.set(name, first + events.length);
      for (const event of named) lanes.add(name, () => send(name, event));
      await lanes.untilBelow(MAX_EVENTS_AHEAD);
    } catch (error) {
      if (!(error instanceof UnreadableLine)) throw error;
      tally.addUnreadable(lineNumber, error.message);
      onUnreadable(lineNumber, error.message);
    }
  }
  await lanes.untilBelow(1);
  return tally.summary(gone ? 'unreachable' : signal?.aborted === true ? 'interrupted' : null);
}

/** The session gets the prefix too: a replay must not go on in the state that a session of the same name left behind. */
function renamed(
  event: EventInput,
  { prefix, name, index, inSession }: { prefix: string; name: string; index: number; inSession: boolean },
): EventInput & { id: string } {
  return { ...event, id: `${prefix}${name}-${index}`, ...(inSession ? { sessionId: `${prefix}${name}` } : {}) };
}

/** Work in lanes: one piece at a time in each, `concurrency` lanes at a time. A failing piece fails the wait. */
function createLanes(concurrency: number) {
  const lanes = new Map<string, (() => Promise<void>)[]>();
  const idle: string[] = [];
  let waiter: { belowCount: number; wake: () => void } | null = null;
  let running = 0;
  let pending = 0;
  let failure: { error: unknown } | null = null;

  const drive = async (name: string): Promise<void> => {
    const lane = lanes.get(name) ?? [];
    for (let piece = lane.shift(); piece !== undefined; piece = lane.shift()) {
      try {
        if (failure === null) await piece();
      } catch (error) {
        failure = { error };
      }
      pending -= 1;
      if (waiter !== null && pending < waiter.belowCount) waiter.wake();
    }
    lanes.delete(name);
    running -= 1;
    startNext();
  };
  const startNext = (): void => {
    while (running < concurrency) {
      const name = idle.shift();
      if (name === undefined) return;
      running += 1;
      void drive(name);
    }
  };

  return {
    add(name: string, piece: () => Promise<void>): void {
      pending += 1;
      const lane = lanes.get(name);
      if (lane === undefined) {
        lanes.set(name, [piece]);
        idle.push(name);
        startNext();
      } else lane.push(piece);
    },
    async untilBelow(count: number): Promise<void> {
      if (pending >= count) {
        await new Promise<void>((resolve) => {
          waiter = { belowCount: count, wake: resolve };
        });
        waiter = null;
      }
      if (failure !== null) throw failure.error;
    },
  };
}
