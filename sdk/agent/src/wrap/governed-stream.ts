import { MastGuardBlockedError } from '../blocked-error.ts';
import { letsPass } from '../decision.ts';
import type { BodySource, ByteReader } from './body-source.ts';
import { draftsOfText } from './drafts.ts';
import { createHoldBack } from './hold-back.ts';
import type { AskedCall, FramePart } from './model-call.ts';
import { answerMetadata, type OpenCall, recordCalls, recordText } from './open-call.ts';
import { permitAll } from './permit-all.ts';
import { permitCall } from './permit-call.ts';
import { createSseDecoder, encodeSse, type SseFrame } from './sse.ts';

interface HeldFrame {
  frame: SseFrame;
  part: FramePart;
  /** How long the lanes are with it, in the order of its texts. */
  upTo: readonly number[];
}

/** So often MastGuard is asked in the middle of an answer; after that the rest waits for the end. */
const MAX_ASKED_ON_THE_WAY = 3;

const encoder = new TextEncoder();

/**
 * The frames of an answer, as they are, each when all of it may go out, and in their order. A window that does not pass in this process is a
 * question to MastGuard about the answer so far; a tool call is one when it is whole; the whole answer is one at its end, before the last window
 * goes out.
 */
export function governStream(upstream: ByteReader, call: OpenCall): BodySource {
  const { governor, facts, settings } = call;
  const observed = settings.stream === 'observe';
  const reader = call.adapter.reader();
  const decoder = createSseDecoder();
  const passes = (window: string): boolean => draftsOfText(facts, window, {}).every((draft) => letsPass(governor.check(draft).value));
  const holdBack = createHoldBack({ windowChars: settings.windowChars, check: passes });
  const work = new AbortController();
  const queue: HeldFrame[] = [];
  const out = new Map<string, number>();
  const asked = new Map<string, Promise<void>>();
  const settled = new Set<string>();
  const changed = new Map<string, AskedCall['args']>();
  let waitsForEnd = settings.stream === 'buffer';
  let askedOnTheWay = 0;
  let decided = observed;
  let ended = false;
  let recorded = false;
  let over = false;
  let failure: { error: unknown } | undefined;
  /** What is left to be sent after a block. */
  let farewell: string[] | undefined;

  /** What has gone out of an answer that has not come to its end. */
  const record = (finish: string): void => recordText(call, holdBack.text(out), answerMetadata(finish, reader.tokens()));

  const fail = (error: unknown): void => {
    if (failure !== undefined || over) return;
    failure = { error };
    work.abort(error);
    upstream.cancel(error);
    if (!recorded) record(error instanceof MastGuardBlockedError ? 'blocked' : 'error');
  };

  const askAbout = (asking: AskedCall): void => {
    if (settings.toolCalls === 'ignore') return;
    if (observed) return recordCalls(call, [asking]);
    const answer = (async () => {
      const args = await permitCall(governor, facts, asking, work.signal);
      if (args !== undefined) changed.set(asking.key, args);
      settled.add(asking.key);
    })();
    // Reading goes on meanwhile; what comes of it is met at the end, or cuts the reading short.
    asked.set(asking.key, answer.catch(fail));
  };

  const take = (frame: SseFrame): void => {
    const part = reader.read(frame);
    queue.push({ frame, part, upTo: part.texts.map(({ lane, text }) => holdBack.add(lane, text)) });
    for (const each of part.complete) askAbout(each);
    if (settings.toolCalls !== 'ignore') recordCalls(call, part.ran);
  };

  const isFree = ({ part, upTo }: HeldFrame): boolean => {
    if (decided) return true;
    if (waitsForEnd) return false;
    for (const [index, { lane }] of part.texts.entries()) if (holdBack.clearedTo(lane) < (upTo[index] ?? 0)) return false;
    return settings.toolCalls === 'ignore' || part.calls.every((key) => settled.has(key));
  };

  const release = ({ frame, part, upTo }: HeldFrame): string => {
    for (const [index, { lane }] of part.texts.entries()) out.set(lane, upTo[index] ?? 0);
    return reader.release(part.data, changed) ? encodeSse({ event: frame.event, data: JSON.stringify(part.data) }) : frame.raw;
  };

  const takeFree = (): Uint8Array | undefined => {
    const held = queue.findIndex((frame) => !isFree(frame));
    const free = queue.splice(0, held === -1 ? queue.length : held);
    return free.length === 0 ? undefined : encoder.encode(free.map(release).join(''));
  };

  const sweep = async (): Promise<void> => {
    if (observed || waitsForEnd) return;
    for (let lane = holdBack.sweep(); lane !== undefined; lane = holdBack.sweep()) {
      if (++askedOnTheWay > MAX_ASKED_ON_THE_WAY) {
        waitsForEnd = true;
        return;
      }
      await permitAll(governor, draftsOfText(facts, holdBack.text(), { finish: 'unfinished' }), work.signal);
      holdBack.pass(lane);
    }
  };

  const decideWhole = async (): Promise<void> => {
    for (const each of reader.end()) askAbout(each);
    const text = holdBack.text();
    const metadata = answerMetadata(reader.finish(), reader.tokens());
    if (text === '' || observed) {
      recorded = true;
      recordText(call, text, metadata);
    } else {
      await permitAll(governor, draftsOfText(facts, text, metadata), work.signal);
      recorded = true;
    }
    await Promise.all(asked.values());
    decided = true;
  };

  const readOn = async (): Promise<void> => {
    const bytes = await upstream.read();
    if (over || failure !== undefined) return;
    for (const frame of bytes === undefined ? decoder.end() : decoder.push(bytes)) take(frame);
    if (bytes === undefined) {
      ended = true;
      await decideWhole();
    } else await sweep();
  };

  /** Ends what has gone out; then the error, unless it is not wanted. */
  const sayFarewell = (error: unknown): Uint8Array | undefined => {
    const ends = settings.onBlockedStream === 'end';
    if (farewell === undefined) {
      farewell = error instanceof MastGuardBlockedError ? [...reader.terminators(), ...(ends && reader.sentinel !== undefined ? [reader.sentinel] : [])] : [];
      if (farewell.length > 0) return encoder.encode(farewell.join(''));
    }
    over = true;
    if (ends && error instanceof MastGuardBlockedError) return undefined;
    throw error;
  };

  return {
    async pull() {
      while (!over) {
        if (failure !== undefined) return sayFarewell(failure.error);
        const bytes = takeFree();
        if (bytes !== undefined) return bytes;
        if (ended) over = true;
        else await readOn().catch(fail);
      }
      return undefined;
    },
    cancel(reason) {
      if (over) return;
      over = true;
      if (!recorded) record('cancelled');
      work.abort(reason);
      upstream.cancel(reason);
    },
    idle() {
      if (!over && !recorded) record('unread');
    },
  };
}
