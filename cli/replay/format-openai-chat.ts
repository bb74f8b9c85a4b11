import type { EventInput } from '../../schemas/event.ts';
import type { Json } from '../../schemas/json.ts';
import type { LineFormat } from './recorded-session.ts';
import { readEvent, UnreadableLine } from './recorded-session.ts';

type Members = { [key: string]: Json };

/**
 * One conversation a line: `{messages: [...]}` as the Chat Completions API takes them, tool calls included.
 * `session` or `id` names the conversation, `agentId` the agent; both may be left out.
 */
export const readOpenAiChatLine: LineFormat = ({ messages, session, id, agentId }) => {
  if (!Array.isArray(messages)) return null;
  const agent = typeof agentId === 'string' ? agentId : 'recorded-agent';
  const toolNames = new Map<string, string>();
  const events = messages.flatMap((message, index) => {
    if (!isObject(message)) throw new UnreadableLine(`messages[${index}]: must be an object`);
    return eventsOf(message, toolNames).map((event) => readEvent({ agentId: agent, ...event }, `messages[${index}]`));
  });
  const name = [session, id].find((candidate) => typeof candidate === 'string' && candidate !== '');
  return { session: typeof name === 'string' ? name : null, events };
};

type Told = Omit<EventInput, 'agentId'>;

function eventsOf(message: Members, toolNames: Map<string, string>): Told[] {
  const content = textOf(message['content']);
  const said = (action: string, channel: NonNullable<EventInput['channel']>): Told[] => (content === '' ? [] : [{ action, channel, content }]);
  switch (message['role']) {
    case 'system':
    case 'developer':
      return said('system_prompt', 'system');
    case 'user':
      return said('user_message', 'user');
    case 'assistant':
      return [...said('reply', 'agent_message'), ...toolCalls(message, toolNames)];
    case 'tool':
    case 'function': {
      const { name: stated, tool_call_id: callId } = message;
      const name = typeof stated === 'string' ? stated : (typeof callId === 'string' && toolNames.get(callId)) || 'unknown_tool';
      return [{ action: name, channel: 'tool_result', trust: 'untrusted', tool: { name }, content }];
    }
    default:
      throw new UnreadableLine(`role: ${JSON.stringify(message['role'] ?? null)} is none of the Chat Completions API`);
  }
}

/** `tool_calls`, and the `function_call` that came before them. */
function toolCalls({ tool_calls: calls, function_call: legacy }: Members, toolNames: Map<string, string>): Told[] {
  const listed = (Array.isArray(calls) ? calls : []).filter(isObject).map((call) => ({ id: call['id'], called: call['function'] ?? call['custom'] }));
  return [...listed, { id: undefined, called: legacy }].flatMap(({ id, called }) => {
    if (!isObject(called ?? null)) return [];
    const { name, arguments: given, input } = called as Members;
    if (typeof name !== 'string') throw new UnreadableLine('tool_calls: a call has no name');
    if (typeof id === 'string') toolNames.set(id, name);
    return [{ action: name, channel: 'tool_args', tool: { name, args: argumentsOf(given ?? input) } } as const];
  });
}

/** Models do not always write JSON: what cannot be read is kept as text, so that detectors see it. */
function argumentsOf(given: Json | undefined): Members {
  if (typeof given !== 'string') return isObject(given ?? null) ? (given as Members) : {};
  try {
    const parsed = JSON.parse(given) as Json;
    if (isObject(parsed)) return parsed;
  } catch {
    // Falls through to the text.
  }
  return given === '' ? {} : { arguments: given };
}

/** Text of a message: a string, or the text parts of a list. */
function textOf(content: Json | undefined): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.flatMap((part) => (isObject(part) && typeof part['text'] === 'string' ? [part['text']] : [])).join('\n');
}

const isObject = (value: Json): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value);
