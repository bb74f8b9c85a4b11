import { argumentsOf, isRecord, type JsonRecord, numberOr, parsedJson, textOr, textsOf } from './json-walk.ts';
import { type AskedCall, type FramePart, NOTHING_SAID, type StreamReader } from './model-call.ts';
import { encodeSse, type SseFrame } from './sse.ts';

interface OpenBlock {
  name: string;
  /** The input its block began with; it counts where nothing is written out. */
  given: JsonRecord;
  written: string;
  /** Asked of the caller, or run by the provider. */
  ran: boolean;
  ended: boolean;
}

/** One lane: the blocks of a message follow one another. */
const LANE = '0';

/** Events of a streamed message. https://docs.anthropic.com/en/docs/build-with-claude/streaming */
export function createMessageReader(): StreamReader {
  const calls = new Map<string, OpenBlock>();
  const rewritten = new Set<string>();
  let openBlock: number | undefined;
  let stopped = false;
  let inputTokens: number | undefined;
  let outputTokens: number | undefined;
  let finish: string | undefined;

  const askedOf = (key: string, { name, given, written }: OpenBlock): AskedCall => ({
    key,
    name,
    args: written === '' ? given : argumentsOf(written),
  });

  const readBlock = (data: JsonRecord, part: FramePart): void => {
    const key = String(data['index']);
    const block = isRecord(data['content_block']) ? data['content_block'] : {};
    for (const text of textsOf(block['thinking'], block['text'])) part.texts.push({ lane: LANE, text });
    if (typeof block['type'] !== 'string' || !block['type'].endsWith('tool_use')) return;
    if (calls.has(key)) throw new Error('a tool call begins in the place of another one');
    const given = isRecord(block['input']) ? block['input'] : {};
    calls.set(key, { name: textOr(block['name'], ''), given, written: '', ran: block['type'] !== 'tool_use', ended: false });
    if (block['type'] === 'tool_use') part.calls.push(key);
  };

  const readDelta = (data: JsonRecord, part: FramePart): void => {
    const key = String(data['index']);
    const delta = isRecord(data['delta']) ? data['delta'] : {};
    for (const text of textsOf(delta['thinking'], delta['text'])) part.texts.push({ lane: LANE, text });
    if (typeof delta['partial_json'] !== 'string') return;
    const call = calls.get(key);
    if (call === undefined || call.ended) throw new Error('a tool call goes on outside of its block');
    call.written += delta['partial_json'];
    if (!call.ran) part.calls.push(key);
  };

  const readEnd = (data: JsonRecord, part: FramePart): void => {
    const key = String(data['index']);
    const call = calls.get(key);
    if (call === undefined || call.ended) return;
    call.ended = true;
    (call.ran ? part.ran : part.complete).push(askedOf(key, call));
    if (!call.ran) part.calls.push(key);
  };

  return {
    read({ data: text }: SseFrame) {
      const data = text === undefined ? undefined : parsedJson(text);
      const part: FramePart = { ...NOTHING_SAID, data, texts: [], calls: [], complete: [], ran: [] };
      if (!isRecord(data)) return part;
      const { type } = data;
      const usage = isRecord(data['usage']) ? data['usage'] : isRecord(data['message']) && isRecord(data['message']['usage']) ? data['message']['usage'] : {};
      inputTokens = numberOr(usage['input_tokens'], inputTokens);
      outputTokens = numberOr(usage['output_tokens'], outputTokens);
      if (type === 'content_block_start') readBlock(data, part);
      else if (type === 'content_block_delta') readDelta(data, part);
      else if (type === 'content_block_stop') readEnd(data, part);
      else if (type === 'message_delta' && isRecord(data['delta'])) finish = textOr(data['delta']['stop_reason'], finish);
      // Of the older completions.
      else if (type === 'completion') for (const completion of textsOf(data['completion'])) part.texts.push({ lane: LANE, text: completion });
      return part;
    },
    end: () => [...calls].filter(([, { ended, ran }]) => !ended && !ran).map(([key, call]) => askedOf(key, call)),
    release(data, changed) {
      if (!isRecord(data)) return false;
      if (data['type'] === 'content_block_start') openBlock = numberOr(data['index'], undefined);
      if (data['type'] === 'content_block_stop') openBlock = undefined;
      if (data['type'] === 'message_stop') stopped = true;
      const args = changed.get(String(data['index']));
      if (args === undefined) return false;
      const key = String(data['index']);
      if (isRecord(data['content_block'])) {
        data['content_block']['input'] = calls.get(key)?.written === '' ? args : {};
        return true;
      }
      if (!isRecord(data['delta']) || typeof data['delta']['partial_json'] !== 'string') return false;
      data['delta']['partial_json'] = rewritten.has(key) || calls.get(key)?.written === '' ? '' : JSON.stringify(args);
      rewritten.add(key);
      return true;
    },
    terminators() {
      if (stopped) return [];
      const events: JsonRecord[] = openBlock === undefined ? [] : [{ type: 'content_block_stop', index: openBlock }];
      const delta = { stop_reason: 'refusal', stop_sequence: null };
      events.push({ type: 'message_delta', delta, usage: { output_tokens: outputTokens ?? 0 } }, { type: 'message_stop' });
      return events.map((event) => encodeSse({ event: String(event['type']), data: JSON.stringify(event) }));
    },
    sentinel: undefined,
    tokens: () => (inputTokens === undefined && outputTokens === undefined ? undefined : (inputTokens ?? 0) + (outputTokens ?? 0)),
    finish: () => finish,
  };
}
