import { type AskedCall, type ChangedArgs, type FramePart, NOTHING_SAID, type StreamReader } from './model-call.ts';
import { argumentsOf, isRecord, type JsonRecord, numberOr, parsedJson, recordsOf, textsOf, tokensOf, writtenArguments } from './json-walk.ts';
import { callsOf, textsOfMessage, writeCall, writtenCall } from './openai-message.ts';
import { encodeSse, type SseFrame } from './sse.ts';

const DONE = encodeSse({ data: '[DONE]' });

interface OpenCall {
  choice: number;
  name: string;
  written: string;
}

/** Chunks of chat completions, and of the older completions, which have a `text` instead of a `delta`. */
export function createChatReader(): StreamReader {
  const open = new Map<string, OpenCall>();
  const ended = new Set<number>();
  const rewritten = new Set<string>();
  /** What has gone out: the members that all chunks share, and the choices. */
  let envelope: JsonRecord = {};
  const out = new Map<number, { finished: boolean; asText: boolean }>();
  let tokens: number | undefined;
  let finish: string | undefined;

  const complete = (keys: Iterable<string>): AskedCall[] =>
    [...keys].flatMap((key) => {
      const call = open.get(key);
      return call === undefined ? [] : [{ key, name: call.name, args: argumentsOf(call.written) }];
    });

  const readChoice = (choice: JsonRecord, part: FramePart): void => {
    const index = numberOr(choice['index'], 0);
    const delta = isRecord(choice['delta']) ? choice['delta'] : {};
    const lane = String(index);
    for (const text of textsOfMessage(delta)) part.texts.push({ lane, text });
    // Of the older completions.
    for (const text of textsOf(choice['text'])) part.texts.push({ lane, text });
    for (const { key, call } of callsOf(delta, index)) {
      if (ended.has(index)) throw new Error('a tool call goes on after the end of its choice');
      const { name, written } = writtenCall(call);
      const known = open.get(key);
      if (known === undefined) open.set(key, { choice: index, name, written });
      else Object.assign(known, { name: sameName(known.name, name), written: known.written + written });
      part.calls.push(key);
    }
    if (typeof choice['finish_reason'] !== 'string' || ended.has(index)) return;
    finish ??= choice['finish_reason'];
    ended.add(index);
    part.complete.push(...complete([...open].filter(([, call]) => call.choice === index).map(([key]) => key)));
  };

  return {
    read({ data: text }: SseFrame) {
      const data = text === undefined || text === '[DONE]' ? undefined : parsedJson(text);
      const part: FramePart = { ...NOTHING_SAID, data, texts: [], calls: [], complete: [] };
      if (!isRecord(data)) return part;
      tokens = tokensOf(data['usage']) ?? tokens;
      for (const choice of recordsOf(data['choices'])) readChoice(choice, part);
      return part;
    },
    end: () => complete([...open].filter(([, { choice }]) => !ended.has(choice)).map(([key]) => key)),
    release(data, changed) {
      if (!isRecord(data)) return false;
      const { id, object, created, model } = data;
      envelope = { id, object, created, model };
      let touched = false;
      for (const choice of recordsOf(data['choices'])) {
        const index = numberOr(choice['index'], 0);
        out.set(index, { finished: typeof choice['finish_reason'] === 'string' || out.get(index)?.finished === true, asText: 'text' in choice });
        if (isRecord(choice['delta'])) touched = rewriteDelta(callsOf(choice['delta'], index), changed, open, rewritten) || touched;
      }
      return touched;
    },
    terminators() {
      const choices = [...out].filter(([, { finished }]) => !finished).map(([index, { asText }]) => endOfChoice(index, asText ? { text: '' } : { delta: {} }));
      if (out.size === 0) choices.push(endOfChoice(0, { delta: { role: 'assistant', content: '' } }));
      return choices.length === 0 ? [] : [encodeSse({ data: JSON.stringify({ object: 'chat.completion.chunk', ...envelope, choices }) })];
    },
    sentinel: DONE,
    tokens: () => tokens,
    finish: () => finish,
  };
}

/**
 * Names come whole: some providers in the first piece only, some again in every piece. Where they change on the way, clients do not agree on what is called:
 * openai takes the last, others the first, or join them. So no decision would be about what is run.
 */
function sameName(known: string, name: string): string {
  if (known !== '' && name !== '' && name !== known) throw new Error('a tool call changes its name on the way');
  return known === '' ? name : known;
}

/** Its first piece carries the changed arguments whole, the others nothing. */
function rewriteDelta(calls: { key: string; call: JsonRecord }[], changed: ChangedArgs, open: ReadonlyMap<string, OpenCall>, rewritten: Set<string>): boolean {
  let touched = false;
  for (const { key, call } of calls) {
    const args = changed.get(key);
    if (args === undefined) continue;
    if (writeCall(call, rewritten.has(key) ? '' : writtenArguments(args, open.get(key)?.written ?? ''))) rewritten.add(key);
    touched = true;
  }
  return touched;
}

const endOfChoice = (index: number, rest: JsonRecord): JsonRecord => ({ index, ...rest, finish_reason: 'content_filter', logprobs: null });
