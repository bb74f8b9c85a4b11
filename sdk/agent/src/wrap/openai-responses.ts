import type { AskedCall, CallAdapter, ChangedArgs, Heard, Said, WasGoverned } from './model-call.ts';
import { isRecord, type JsonRecord, recordsOf, stringsOf, textOr, textsOf, tokensOf } from './json-walk.ts';
import { newSince } from './new-since.ts';
import { createResponseReader } from './openai-responses-stream.ts';
import { callOfItem, rewriteItem, textsOfItem } from './openai-response-item.ts';

/** The Responses API of OpenAI. https://platform.openai.com/docs/api-reference/responses */
export const openAiResponses: CallAdapter = { operation: 'chat', heard, said, rewrite, reader: createResponseReader };

function heard(body: unknown, wasGoverned: WasGoverned = () => false): Heard {
  const { input, prompt } = isRecord(body) ? body : {};
  const found: Heard = { user: [], results: [], media: [] };
  if (isRecord(prompt)) found.user.push(...stringsOf(prompt['variables']).texts);
  if (typeof input === 'string') found.user.push(...textsOf(input));
  const items = recordsOf(input);
  const fresh = newSince(items, isOfModel);
  for (const item of outputsBefore(fresh, items)) hearOutput(item, found, { items, wasGoverned });
  for (const item of fresh) hearItem(item, found, items);
  return found;
}

/** Its messages, its thoughts and its calls; not what came back for these. */
const isOfModel = ({ type, role }: JsonRecord): boolean =>
  role === 'assistant' || type === 'reasoning' || (typeof type === 'string' && (type.endsWith('_call') || type === 'mcp_approval_request'));

const isOutput = ({ type }: JsonRecord): boolean => typeof type === 'string' && type.endsWith('_output');

/**
 * Outputs of the same turn of the user that stand before the model's last item. Where calls and their outputs are written down in turns, as the usual loop over
 * an answer does, those of one answer stand on both sides of it.
 */
function outputsBefore(fresh: readonly JsonRecord[], items: readonly JsonRecord[]): JsonRecord[] {
  const [first] = fresh;
  if (first === undefined || !fresh.some(isOutput)) return [];
  const before = items.slice(0, items.indexOf(first));
  return before.slice(before.findLastIndex(({ role }) => role === 'user') + 1).filter(isOutput);
}

function hearItem(item: JsonRecord, found: Heard, items: readonly JsonRecord[]): void {
  const { role, content } = item;
  if (role === 'system' || role === 'developer') return;
  if (isOutput(item)) return hearOutput(item, found, { items });
  const { texts, media } = partsOf(content);
  found.user.push(...texts);
  found.media.push(...media);
}

function hearOutput(item: JsonRecord, found: Heard, { items, wasGoverned }: { items: readonly JsonRecord[]; wasGoverned?: WasGoverned }): void {
  const { texts, media } = partsOf(item['output']);
  // Outputs of a shell of the caller have the call's id as their own.
  const callId = textOr(item['call_id'], undefined) ?? textOr(item['id'], undefined);
  const call = items.find((other) => other['call_id'] === item['call_id'] && typeof other['name'] === 'string');
  const result = { name: textOr(call?.['name'], String(item['type']).slice(0, -'_output'.length)), text: texts.join('\n'), callId };
  if (wasGoverned?.(result) === true) return;
  found.results.push(result);
  found.media.push(...media);
}

function partsOf(content: unknown): { texts: string[]; media: string[] } {
  if (typeof content === 'string') return { texts: textsOf(content), media: [] };
  const { texts } = stringsOf(recordsOf(content).map(({ text, stdout, stderr }) => [text, stdout, stderr]));
  const media = recordsOf(content).flatMap((part) => (typeof part['text'] === 'string' ? [] : [textOr(part['type'], 'part')]));
  return isRecord(content) ? { texts: stringsOf(content).texts, media: textsOf(content['type']) } : { texts, media };
}

function said(answer: unknown): Said {
  const { output, usage, status, incomplete_details: incomplete } = isRecord(answer) ? answer : {};
  const items = recordsOf(output);
  const calls: AskedCall[] = [];
  const ran: AskedCall[] = [];
  for (const [index, item] of items.entries()) {
    const call = callOfItem(item);
    if (call !== undefined) (call.ran ? ran : calls).push({ key: String(index), name: call.name, args: call.args });
  }
  const finish = (isRecord(incomplete) ? textOr(incomplete['reason'], undefined) : undefined) ?? textOr(status, undefined);
  return { text: items.flatMap(textsOfItem).join('\n'), calls, ran, tokens: tokensOf(usage), finish };
}

function rewrite(answer: unknown, changed: ChangedArgs): void {
  for (const [index, item] of recordsOf(isRecord(answer) ? answer['output'] : undefined).entries()) rewriteItem(item, changed.get(String(index)));
}
