import type { AskedCall, CallAdapter, ChangedArgs, Heard, Said } from './model-call.ts';
import { isRecord, type JsonRecord, recordsOf, stringsOf, textOr, textsOf, tokensOf } from './json-walk.ts';
import { newSince } from './new-since.ts';
import { createResponseReader } from './openai-responses-stream.ts';
import { callOfItem, rewriteItem, textsOfItem } from './openai-response-item.ts';

/** The Responses API of OpenAI. https://platform.openai.com/docs/api-reference/responses */
export const openAiResponses: CallAdapter = { operation: 'chat', heard, said, rewrite, reader: createResponseReader };

function heard(body: unknown): Heard {
  const { input, prompt } = isRecord(body) ? body : {};
  const found: Heard = { user: [], results: [], media: [] };
  if (isRecord(prompt)) found.user.push(...stringsOf(prompt['variables']).texts);
  if (typeof input === 'string') found.user.push(...textsOf(input));
  const items = recordsOf(input);
  for (const item of newSince(items, isOfModel)) hearItem(item, found, items);
  return found;
}

/** Its messages, its thoughts and its calls; not what came back for these. */
const isOfModel = ({ type, role }: JsonRecord): boolean =>
  role === 'assistant' || type === 'reasoning' || (typeof type === 'string' && (type.endsWith('_call') || type === 'mcp_approval_request'));

function hearItem(item: JsonRecord, found: Heard, items: readonly JsonRecord[]): void {
  const { type, role, content, output } = item;
  if (role === 'system' || role === 'developer') return;
  if (typeof type === 'string' && type.endsWith('_output')) {
    const { texts, media } = partsOf(output);
    const call = items.find((other) => other['call_id'] === item['call_id'] && typeof other['name'] === 'string');
    found.results.push({ name: textOr(call?.['name'], type.slice(0, -'_output'.length)), text: texts.join('\n') });
    found.media.push(...media);
    return;
  }
  const { texts, media } = partsOf(content);
  found.user.push(...texts);
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
