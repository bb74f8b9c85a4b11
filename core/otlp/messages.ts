import type { Json } from '../../schemas/json.ts';
import { first, text } from './genai-operation.ts';
import { isObject, jsonOf, textOfJson } from './json-text.ts';
import type { Attributes, OtlpSpan } from './span.ts';

export interface Message {
  /** `system`, `user`, `assistant`, `tool`; other words as they come. */
  role: string;
  text: string;
}

export interface Messages {
  /** What this call added to the conversation: all behind the last message of the assistant. Earlier ones were in earlier spans. */
  input: Message[];
  output: Message[];
}

/**
 * Messages of a span, from the first of these that has any: the attributes `gen_ai.input.messages` and `gen_ai.output.messages` (also on the event
 * `gen_ai.client.inference.operation.details`), one event per message (1.28 to 1.36), `gen_ai.prompt` and `gen_ai.completion` as one
 * text or counted through (`gen_ai.prompt.0.content`), OpenInference's `llm.input_messages.0.message.content`, `input.value`.
 */
export function messagesOf({ attributes, events }: Pick<OtlpSpan, 'attributes' | 'events'>): Messages {
  const sources = [attributes, ...events.filter(({ name }) => name === 'gen_ai.client.inference.operation.details').map((event) => event.attributes)];
  const perMessage = events.map(({ name, attributes: of }) => messageOfEvent(name, of)).filter((message) => message !== null);
  const input = firstWithMessages(
    () => structured(sources, 'gen_ai.input.messages', 'user'),
    () => perMessage.filter(({ role }) => role !== CHOICE),
    () => counted(attributes, /^(?:gen_ai\.prompt|llm\.input_messages)\.(\d{1,4})\.(?:message\.)?(role|content)$/, 'user'),
    () => plain([...sources, ...events.map((event) => event.attributes)], ['gen_ai.prompt', 'input.value'], 'user'),
  );
  const output = firstWithMessages(
    () => structured(sources, 'gen_ai.output.messages', 'assistant'),
    () => perMessage.filter(({ role }) => role === CHOICE),
    () => counted(attributes, /^(?:gen_ai\.completion|llm\.output_messages)\.(\d{1,4})\.(?:message\.)?(role|content)$/, 'assistant'),
    () => plain([...sources, ...events.map((event) => event.attributes)], ['gen_ai.completion', 'output.value'], 'assistant'),
  );
  // A message that only calls tools has no text, and is the assistant's turn all the same.
  const added = input.slice(input.findLastIndex(({ role }) => role === 'assistant') + 1);
  return { input: added.filter(hasText), output: output.filter(hasText) };
}

const CHOICE = 'choice';

const hasText = (message: Message): boolean => message.text !== '';

function firstWithMessages(...sources: (() => Message[])[]): Message[] {
  for (const read of sources) {
    const messages = read();
    if (messages.some(hasText)) return messages;
  }
  return [];
}

function structured(sources: readonly Attributes[], name: string, role: string): Message[] {
  for (const attributes of sources) {
    const value = first(attributes, name);
    if (value === undefined) continue;
    const parsed = jsonOf(value);
    return Array.isArray(parsed) ? parsed.map((message) => messageOf(message, role)) : [{ role, text: textOfJson(value) }];
  }
  return [];
}

/** `{role, parts: [{type, content}]}` of the conventions, `{role, content}` as providers have it. */
function messageOf(message: Json, role: string): Message {
  if (!isObject(message)) return { role, text: textOfJson(message) };
  const parts = message['parts'] ?? message['content'] ?? '';
  const own = typeof message['role'] === 'string' ? message['role'] : role;
  const isAnswer = Array.isArray(parts) && parts.some((part) => isObject(part) && part['type'] === 'tool_call_response');
  return { role: isAnswer ? 'tool' : own, text: Array.isArray(parts) ? parts.map(textOfPart).filter(Boolean).join('\n') : textOfJson(parts) };
}

/** Calls of tools are left out: they are events of their own when they are made. */
function textOfPart(part: Json): string {
  if (!isObject(part)) return textOfJson(part);
  if (part['type'] === 'tool_call_response') return textOfJson(part['response'] ?? part['result'] ?? '');
  const content = part['content'] ?? part['text'];
  return typeof content === 'string' ? content : '';
}

const ROLE_OF_EVENT: ReadonlyMap<string, string> = new Map([
  ['gen_ai.system.message', 'system'],
  ['gen_ai.user.message', 'user'],
  ['gen_ai.assistant.message', 'assistant'],
  ['gen_ai.tool.message', 'tool'],
  ['gen_ai.choice', CHOICE],
]);

function messageOfEvent(name: string, attributes: Attributes): Message | null {
  const role = ROLE_OF_EVENT.get(name);
  if (role === undefined) return null;
  const message = first(attributes, 'message');
  const parsed = message === undefined ? undefined : jsonOf(message);
  if (parsed !== undefined) return { role, text: messageOf(parsed, role).text };
  return { role, text: textOfJson(message ?? first(attributes, 'content') ?? '') };
}

function counted(attributes: Attributes, pattern: RegExp, role: string): Message[] {
  const messages = new Map<number, Message>();
  for (const [name, value] of attributes) {
    const [, index, member] = pattern.exec(name) ?? [];
    if (index === undefined || value === null) continue;
    const message = messages.get(Number(index)) ?? { role, text: '' };
    messages.set(Number(index), member === 'role' ? { ...message, role: textOfJson(value) } : { ...message, text: textOfJson(value) });
  }
  return [...messages].toSorted(([a], [b]) => a - b).map(([, message]) => message);
}

function plain(sources: readonly Attributes[], names: string[], role: string): Message[] {
  for (const attributes of sources) {
    const value = text(attributes, ...names);
    if (value !== undefined) return [{ role, text: value }];
  }
  return [];
}
