import type { AskedCall, CallAdapter, ChangedArgs, Heard, Said } from './model-call.ts';
import { argumentsOf, isRecord, type JsonRecord, numberOr, recordsOf, textOr, textsOf, tokensOf, writtenArguments } from './json-walk.ts';
import { newSince } from './new-since.ts';
import { createChatReader } from './openai-chat-stream.ts';
import { callsOf, contentOf, textsOfMessage, writeCall, writtenCall } from './openai-message.ts';

/** Chat completions of OpenAI, and of all who speak the same. https://platform.openai.com/docs/api-reference/chat */
export const openAiChat: CallAdapter = { operation: 'chat', heard, said, rewrite, reader: createChatReader };

function heard(body: unknown): Heard {
  const messages = recordsOf(isRecord(body) ? body['messages'] : undefined);
  const found: Heard = { user: [], results: [], media: [] };
  for (const message of newSince(messages, ({ role }) => role === 'assistant')) {
    const { texts, media } = contentOf(message['content']);
    found.media.push(...media);
    if (message['role'] === 'tool' || message['role'] === 'function') {
      const name = textOr(message['name'], undefined) ?? nameOfCall(messages, message['tool_call_id']) ?? 'tool';
      found.results.push({ name, text: texts.join('\n') });
    } else if (message['role'] !== 'system' && message['role'] !== 'developer') found.user.push(...texts);
  }
  return found;
}

function nameOfCall(messages: readonly JsonRecord[], id: unknown): string | undefined {
  for (const message of messages) {
    for (const call of recordsOf(message['tool_calls'])) if (call['id'] === id) return writtenCall(call).name;
  }
  return undefined;
}

function said(answer: unknown): Said {
  const texts: string[] = [];
  const calls: AskedCall[] = [];
  const choices = recordsOf(isRecord(answer) ? answer['choices'] : undefined);
  for (const [index, choice] of choices.entries()) {
    const message = isRecord(choice['message']) ? choice['message'] : {};
    texts.push(...textsOfMessage(message), ...textsOf(choice['text']));
    for (const { key, call } of callsOf(message, numberOr(choice['index'], index))) {
      const { name, written } = writtenCall(call);
      calls.push({ key, name, args: argumentsOf(written) });
    }
  }
  return {
    text: texts.join('\n'),
    calls,
    ran: [],
    tokens: tokensOf(isRecord(answer) ? answer['usage'] : undefined),
    finish: textOr(choices[0]?.['finish_reason'], undefined),
  };
}

function rewrite(answer: unknown, changed: ChangedArgs): void {
  for (const [index, choice] of recordsOf(isRecord(answer) ? answer['choices'] : undefined).entries()) {
    if (!isRecord(choice['message'])) continue;
    for (const { key, call } of callsOf(choice['message'], numberOr(choice['index'], index))) {
      const args = changed.get(key);
      if (args !== undefined) writeCall(call, writtenArguments(args, writtenCall(call).written));
    }
  }
}
