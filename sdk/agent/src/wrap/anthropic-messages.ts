import type { AskedCall, CallAdapter, ChangedArgs, Heard, Said } from './model-call.ts';
import { createMessageReader } from './anthropic-messages-stream.ts';
import { isRecord, type JsonRecord, recordsOf, textOr, textsOf, tokensOf } from './json-walk.ts';
import { newSince } from './new-since.ts';

/** Messages of Anthropic, on whatever cloud. https://docs.anthropic.com/en/api/messages */
export const anthropicMessages: CallAdapter = { operation: 'chat', heard, said, rewrite, reader: createMessageReader };

/** The same question, asked for its length only. */
export const anthropicCountTokens: CallAdapter = { ...anthropicMessages, operation: 'count_tokens', said: undefined };

/** Many questions at once, answered later. */
export const anthropicBatch: CallAdapter = {
  ...anthropicMessages,
  operation: 'batch',
  said: undefined,
  heard(body) {
    const each = recordsOf(isRecord(body) ? body['requests'] : undefined).map(({ params }) => heard(params));
    return { user: each.flatMap(({ user }) => user), results: each.flatMap(({ results }) => results), media: each.flatMap(({ media }) => media) };
  },
};

function heard(body: unknown): Heard {
  const messages = recordsOf(isRecord(body) ? body['messages'] : undefined);
  const found: Heard = { user: [], results: [], media: [] };
  for (const { role, content } of newSince(messages, (message) => message['role'] === 'assistant')) {
    if (role === 'system') continue;
    if (typeof content === 'string') found.user.push(...textsOf(content));
    for (const block of recordsOf(content)) hearBlock(block, found, messages);
  }
  return found;
}

function hearBlock(block: JsonRecord, found: Heard, messages: readonly JsonRecord[]): void {
  const { type } = block;
  if (type === 'text') found.user.push(...textsOf(block['text']));
  else if (type === 'tool_result' || type === 'mcp_tool_result') {
    const { texts, media } = textsInside(block['content']);
    found.results.push({ name: nameOfCall(messages, block['tool_use_id']) ?? 'tool', text: texts.join('\n') });
    found.media.push(...media);
  } else if (type === 'search_result') {
    found.results.push({ name: 'search', text: [...textsOf(block['title'], block['source']), ...textsInside(block['content']).texts].join('\n') });
  } else {
    // A document may be text that is given whole, or in blocks.
    const source = isRecord(block['source']) ? block['source'] : {};
    const { texts, media } = source['type'] === 'text' ? { texts: textsOf(source['data']), media: [] } : textsInside(source['content']);
    found.user.push(...textsOf(block['title'], block['context']), ...texts);
    found.media.push(...media, ...(texts.length === 0 ? [textOr(type, 'block')] : []));
  }
}

function textsInside(content: unknown): { texts: string[]; media: string[] } {
  if (typeof content === 'string') return { texts: textsOf(content), media: [] };
  const found: { texts: string[]; media: string[] } = { texts: [], media: [] };
  for (const block of recordsOf(content)) {
    const { type, text, source } = block;
    if (typeof text === 'string') found.texts.push(...textsOf(text));
    else if (isRecord(source) && source['type'] === 'text') found.texts.push(...textsOf(block['title'], source['data']));
    else if (type === 'search_result') found.texts.push(...textsOf(block['title'], block['source']), ...textsInside(block['content']).texts);
    else found.media.push(textOr(type, 'block'));
  }
  return found;
}

function nameOfCall(messages: readonly JsonRecord[], id: unknown): string | undefined {
  for (const { content } of messages) {
    const call = recordsOf(content).find((block) => block['id'] === id && typeof block['name'] === 'string');
    if (call !== undefined) return textOr(call['name'], undefined);
  }
  return undefined;
}

function said(answer: unknown): Said {
  const blocks = recordsOf(isRecord(answer) ? answer['content'] : undefined);
  const calls = blocks.flatMap((block, index) => (block['type'] === 'tool_use' ? [callOf(block, index)] : []));
  const ran = blocks.flatMap((block, index) => (isRanByProvider(block) ? [callOf(block, index)] : []));
  return {
    // The last is the answer of the older completions.
    text: [...blocks.flatMap(({ thinking, text }) => textsOf(thinking, text)), ...textsOf(isRecord(answer) ? answer['completion'] : undefined)].join('\n'),
    calls,
    ran,
    tokens: tokensOf(isRecord(answer) ? answer['usage'] : undefined),
    finish: textOr(isRecord(answer) ? answer['stop_reason'] : undefined, undefined),
  };
}

/** `server_tool_use`, `mcp_tool_use`: the provider has done it when it is told. */
export const isRanByProvider = ({ type }: JsonRecord): boolean => typeof type === 'string' && type !== 'tool_use' && type.endsWith('tool_use');

const callOf = (block: JsonRecord, index: number): AskedCall => ({
  key: String(index),
  name: textOr(block['name'], ''),
  args: isRecord(block['input']) ? block['input'] : {},
});

function rewrite(answer: unknown, changed: ChangedArgs): void {
  for (const [index, block] of recordsOf(isRecord(answer) ? answer['content'] : undefined).entries()) {
    const args = changed.get(String(index));
    if (args !== undefined) block['input'] = args;
  }
}
