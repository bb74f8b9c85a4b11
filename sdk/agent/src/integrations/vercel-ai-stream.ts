import { findBlocked } from '../find-blocked.ts';
import { letsPass } from '../decision.ts';
import { createHoldBack } from '../wrap/hold-back.ts';
import { contentParts } from './content-parts.ts';
import { permitOutput } from './conversation.ts';
import type { StreamPart, ToolCallPart } from './vercel-ai-model.ts';
import { governedPart, type GovernedParts } from './vercel-ai-parts.ts';

interface HeldPart {
  part: StreamPart;
  /** What has to be cleared before it goes out: so much of a text, a call of a tool, or all of the answer. */
  waitsFor?: { lane: string; chars: number } | { callId: string } | 'end';
}

/**
 * The parts of an answer in their order: text held back until a window beyond it has been looked at in this process, calls of tools decided, and
 * the last window and the end only after the whole text is decided. A refusal ends the stream with an `error` part.
 */
export function governedStream(
  source: ReadableStream<StreamPart>,
  { windowChars, ...parts }: GovernedParts & { windowChars: number },
): ReadableStream<StreamPart> {
  const { governor, draft } = parts;
  const work = workUnder(parts.signal);
  const { signal } = work;
  const reader = source.getReader();
  const held: HeldPart[] = [];
  const check = (content: string): boolean =>
    contentParts(content).every((part) => letsPass(governor.check({ ...draft, channel: 'agent_message', content: part }).value));
  const text = createHoldBack({ windowChars, check });
  const decidedCalls = new Set<string>();
  let decided = false;
  let over = false;
  /** The answer so far, as it was last asked about. */
  let judged = '';

  const judge = async (): Promise<void> => {
    const said = text.text();
    try {
      await permitOutput(governor, said, draft, { signal });
    } catch (error) {
      if (findBlocked(error) !== undefined) judged = said;
      throw error;
    }
    judged = said;
  };

  /** What nobody has been asked about is told: some of it has been shown. */
  const tell = (finish: 'blocked' | 'cancelled' | 'error'): void => {
    over = true;
    work.end();
    const said = text.text();
    if (decided || said === judged) return;
    const metadata = { ...draft.metadata, finish };
    for (const content of contentParts(said)) governor.observe({ ...draft, metadata, channel: 'agent_message', content });
  };

  const decide = async (): Promise<void> => {
    if (!decided) await judge();
    decided = true;
    // Pieces of a call that never came.
    dropPieces(held, ({ waitsFor }) => typeof waitsFor === 'object' && 'callId' in waitsFor && !decidedCalls.has(waitsFor.callId));
  };

  const take = async (part: StreamPart): Promise<void> => {
    if (part.type === 'text-delta') {
      const lane = part.id ?? '';
      held.push({ part, waitsFor: { lane, chars: text.add(lane, part.delta ?? '') } });
      const suspect = text.sweep();
      if (suspect === undefined) return;
      // This process would stop here: MastGuard, or a reviewer, has the last word.
      await judge();
      text.pass(suspect);
      return;
    }
    if (part.type === 'finish') await decide();
    if (part.type === 'tool-call') return takeCall(part as unknown as ToolCallPart);
    // A raw chunk holds text of its own; the arguments of a call come in pieces before the call itself.
    if (part.type === 'raw') held.push({ part, waitsFor: 'end' });
    else if (part.type.startsWith('tool-input-') && parts.decidesTools) held.push({ part, waitsFor: { callId: part.id ?? '' } });
    else held.push({ part: await governedPart(part, parts) });
  };

  const takeCall = async (part: ToolCallPart): Promise<void> => {
    const governed = await governedPart(part, { ...parts, signal });
    decidedCalls.add(part.toolCallId);
    // The arguments that a reviewer has changed are nobody's any more.
    if (governed !== part) dropPieces(held, ({ part: piece }) => piece.type === 'tool-input-delta' && piece.id === part.toolCallId);
    held.push({ part: governed });
  };

  const mayGo = ({ waitsFor }: HeldPart): boolean => {
    if (waitsFor === undefined) return true;
    if (waitsFor === 'end') return decided;
    return 'callId' in waitsFor ? decidedCalls.has(waitsFor.callId) : decided || text.clearedTo(waitsFor.lane) >= waitsFor.chars;
  };

  /** @returns whether anything has gone out */
  const release = (controller: ReadableStreamDefaultController<StreamPart>): boolean => {
    let released = false;
    for (let [next] = held; next !== undefined && mayGo(next); [next] = held) {
      controller.enqueue(next.part);
      held.shift();
      released = true;
    }
    return released;
  };

  return new ReadableStream<StreamPart>({
    async pull(controller) {
      try {
        for (;;) {
          const { done, value } = await reader.read();
          if (over) return;
          if (done) {
            await decide();
            if (over) return;
            release(controller);
            work.end();
            controller.close();
            return;
          }
          await take(value);
          if (over || release(controller)) return;
        }
      } catch (error) {
        // It was cancelled meanwhile, and told.
        if (over) return;
        const blocked = findBlocked(error);
        tell(blocked !== undefined ? 'blocked' : parts.signal?.aborted === true ? 'cancelled' : 'error');
        await reader.cancel(error).catch(() => undefined);
        if (blocked === undefined) throw error;
        controller.enqueue({ type: 'error', error: blocked } as StreamPart);
        controller.close();
      }
    },
    async cancel(reason) {
      // Nobody reads on, and nobody waits for a decision.
      tell('cancelled');
      work.abort(reason);
      await reader.cancel(reason);
    },
  });
}

/** A signal for what is asked about one answer, which ends with that of the model call, or before. */
function workUnder(signal: AbortSignal | undefined): { signal: AbortSignal; abort: (reason: unknown) => void; end: () => void } {
  const work = new AbortController();
  const onAbort = (): void => work.abort(signal?.reason);
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  return { signal: work.signal, abort: (reason) => work.abort(reason), end: () => signal?.removeEventListener('abort', onAbort) };
}

function dropPieces(held: HeldPart[], isDropped: (held: HeldPart) => boolean): void {
  held.splice(0, held.length, ...held.filter((one) => !isDropped(one)));
}
