import { isRecord, type JsonRecord, numberOr, parsedJson, recordsOf, textOr, tokensOf, writtenArguments } from './json-walk.ts';
import { type AskedCall, type ChangedArgs, type FramePart, NOTHING_SAID, type StreamReader } from './model-call.ts';
import { callOfItem, rewriteItem, textsOfItem } from './openai-response-item.ts';
import { encodeSse, type SseFrame } from './sse.ts';

/** Deltas of text: answers, refusals, thoughts, their summaries, what audio says. */
const TEXT_DELTA = /^response\.(output_text|refusal|reasoning_text|reasoning_summary_text|audio\.transcript)\.delta$/;

/** One lane: the items of a response follow one another. */
const LANE = '0';

/** Events of a streamed response. https://platform.openai.com/docs/api-reference/responses-streaming */
export function createResponseReader(): StreamReader {
  /** Items that are calls, by their place, until they are whole. */
  const open = new Map<string, JsonRecord>();
  /** What was asked about the calls that are whole. */
  const ended = new Map<string, string>();
  const rewritten = new Set<string>();
  /** What the deltas of a call have written of its arguments. */
  const written = new Map<string, string>();
  /** Texts told in deltas, by item: events that end an item repeat them. */
  const told = new Map<string, string>();
  let snapshot: JsonRecord | undefined;
  /** What has gone out of every item. */
  const out = new Map<string, JsonRecord>();
  let stopped = false;
  let sequence = 0;
  let tokens: number | undefined;
  let finish: string | undefined;

  const askedOf = (key: string, item: JsonRecord): { asked: AskedCall; ran: boolean } | undefined => {
    const call = callOfItem(item);
    return call === undefined ? undefined : { asked: { key, name: call.name, args: call.args }, ran: call.ran };
  };

  const sayWhole = (key: string, item: JsonRecord, part: FramePart): void => {
    const known = told.get(key) ?? '';
    for (const text of textsOfItem(item)) if (!known.includes(text)) part.texts.push({ lane: LANE, text });
    told.set(
      key,
      known +
        textsOfItem(item)
          .filter((text) => !known.includes(text))
          .join(''),
    );
  };

  const endItem = (key: string, item: JsonRecord, part: FramePart): void => {
    sayWhole(key, item, part);
    const call = askedOf(key, item);
    if (call === undefined) return;
    if (!call.ran) part.calls.push(key);
    const { name, args } = call.asked;
    const action = JSON.stringify([name, args]);
    if (ended.has(key)) {
      // The end of a call is told twice, and clients run either. Places may have moved, where a provider leaves items out at the end.
      if (!call.ran && ![...ended.values()].includes(action)) throw new Error('a tool call is another one when it is told again');
      return;
    }
    ended.set(key, action);
    open.delete(key);
    (call.ran ? part.ran : part.complete).push(call.asked);
  };

  const readItemEvent = (type: string, data: JsonRecord, part: FramePart): void => {
    const key = String(data['output_index']);
    if (TEXT_DELTA.test(type)) {
      const text = textOr(data['delta'], '');
      part.texts.push({ lane: LANE, text });
      told.set(key, (told.get(key) ?? '') + text);
      return;
    }
    if (isRecord(data['item'])) {
      if (type === 'response.output_item.done') endItem(key, data['item'], part);
      else if (callOfItem(data['item'])?.ran === false) {
        open.set(key, { ...data['item'] });
        part.calls.push(key);
      }
      return;
    }
    // What else belongs to the item of a call, such as the deltas of its arguments.
    if (open.has(key) || (ended.has(key) && /\.(delta|done)$/.test(type))) {
      if (!open.has(key)) throw new Error('a tool call goes on after its end');
      part.calls.push(key);
      if (typeof data['delta'] === 'string') written.set(key, (written.get(key) ?? '') + data['delta']);
    }
    if (isRecord(data['part'])) sayWhole(key, { type: 'message', content: [data['part']] }, part);
    else if (type.endsWith('.done')) sayWhole(key, { type: 'message', content: [{ text: data['text'], refusal: data['refusal'] }] }, part);
  };

  return {
    read({ data: text }: SseFrame) {
      const data = text === undefined ? undefined : parsedJson(text);
      const part: FramePart = { ...NOTHING_SAID, data, texts: [], calls: [], complete: [], ran: [] };
      if (!isRecord(data)) return part;
      const { type, response } = data;
      if (isRecord(response)) {
        tokens = tokensOf(response['usage']) ?? tokens;
        const reason = isRecord(response['incomplete_details']) ? textOr(response['incomplete_details']['reason'], undefined) : undefined;
        finish = reason ?? textOr(response['status'], finish);
        for (const [index, item] of recordsOf(response['output']).entries()) endItem(String(index), item, part);
      } else if (typeof type === 'string' && 'output_index' in data) readItemEvent(type, data, part);
      else if (typeof type === 'string' && TEXT_DELTA.test(type)) part.texts.push({ lane: LANE, text: textOr(data['delta'], '') });
      return part;
    },
    end: () =>
      [...open].flatMap(([key, item]) => {
        const name = typeof item['input'] === 'string' ? 'input' : 'arguments';
        return askedOf(key, written.has(key) ? { ...item, [name]: written.get(key) } : item)?.asked ?? [];
      }),
    release(data, changed) {
      if (!isRecord(data)) return false;
      sequence = Math.max(sequence, numberOr(data['sequence_number'], 0) + 1);
      if (isRecord(data['response'])) snapshot = data['response'];
      if (['response.completed', 'response.incomplete', 'response.failed'].includes(textOr(data['type'], ''))) stopped = true;
      const touched = changed.size > 0 && rewriteEvent(data, changed, { rewritten, written });
      noteGoneOut(data, out);
      return touched;
    },
    terminators() {
      if (stopped) return [];
      const created = { id: 'resp_blocked', object: 'response', created_at: 0, output: [], ...snapshot };
      const response = { ...created, status: 'incomplete', incomplete_details: { reason: 'content_filter' }, output: [...out.values()] };
      const events: JsonRecord[] = snapshot === undefined ? [{ type: 'response.created', response: { ...created, status: 'in_progress' } }] : [];
      events.push({ type: 'response.incomplete', response });
      return events.map((event) => encodeSse({ event: String(event['type']), data: JSON.stringify({ ...event, sequence_number: sequence++ }) }));
    },
    sentinel: undefined,
    tokens: () => tokens,
    finish: () => finish,
  };
}

/** An item that was cut off is kept with the text that has gone out. */
function noteGoneOut(data: JsonRecord, out: Map<string, JsonRecord>): void {
  const key = String(data['output_index']);
  const { type, item, delta } = data;
  if (isRecord(item)) {
    const begun = type !== 'response.output_item.done';
    if (!begun || item['type'] === 'message') out.set(key, begun ? { ...item, status: 'incomplete', content: [] } : item);
  } else if (type === 'response.output_text.delta' && typeof delta === 'string') {
    const known = out.get(key);
    const [before] = recordsOf(known?.['content']);
    if (known !== undefined) known['content'] = [{ type: 'output_text', annotations: [], text: textOr(before?.['text'], '') + delta }];
  }
}

interface WrittenCalls {
  rewritten: Set<string>;
  written: ReadonlyMap<string, string>;
}

/** The first delta carries the changed arguments whole, the others nothing; whole items carry them as their own. */
function rewriteEvent(data: JsonRecord, changed: ChangedArgs, { rewritten, written }: WrittenCalls): boolean {
  const key = String(data['output_index']);
  const args = changed.get(key);
  if (isRecord(data['response'])) {
    const items = recordsOf(data['response']['output']);
    return items.map((item, index) => rewriteItem(item, changed.get(String(index)))).includes(true);
  }
  if (args === undefined) return false;
  if (isRecord(data['item'])) return data['type'] === 'response.output_item.done' && rewriteItem(data['item'], args);
  if (typeof data['delta'] === 'string') {
    data['delta'] = rewritten.has(key) ? '' : writtenArguments(args, written.get(key) ?? '');
    rewritten.add(key);
    return true;
  }
  return (typeof data['arguments'] === 'string' || typeof data['input'] === 'string') && rewriteItem(data, args);
}
