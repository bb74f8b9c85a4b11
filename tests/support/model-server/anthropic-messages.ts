import type { Answer, SentEvent } from './answer.ts';
import { halvesOf } from './openai-chat.ts';
import { idOf, type ModelRequest } from './request.ts';
import { piecesOf, type Script, tokensOf } from './script.ts';

type Block = { type: 'thinking'; thinking: string; signature: string } | { type: 'text'; text: string } | ToolUse;

interface ToolUse {
  type: 'tool_use';
  id: string;
  name: string;
  input: unknown;
}

/** `POST /v1/messages`, JSON or a stream; text, thinking and tool use. */
export function message(request: ModelRequest, script: Script): Answer {
  const { json = {}, model } = request;
  const messages = (json['messages'] ?? []) as { content?: unknown }[];
  const call = isCalled(messages, script.call?.name) ? undefined : script.call;
  const content = blocksOf(request, script, call);
  const stop = call !== undefined ? 'tool_use' : script.refusal === undefined ? 'end_turn' : 'refusal';
  const usage = {
    input_tokens: tokensOf(messages),
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: tokensOf(content),
    service_tier: 'standard',
  };
  const whole = { id: idOf('msg_', request), type: 'message', role: 'assistant', model, content, stop_reason: stop, stop_sequence: null, usage };
  if (json['stream'] !== true) return { status: 200, body: whole };

  const named = (data: { type: string } & Record<string, unknown>): SentEvent => ({ event: data.type, data });
  const begun = { ...whole, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } };
  const start = (index: number): SentEvent => named({ type: 'content_block_start', index, content_block: emptied(content[index]) });
  const deltas = (index: number): SentEvent[] => deltasOf(content[index]).map((delta) => named({ type: 'content_block_delta', index, delta }));
  const end = (index: number): SentEvent => named({ type: 'content_block_stop', index });
  // A stream without an end goes on in its last block.
  const last = content.length - 1;
  const before = content.slice(0, last).flatMap((_, index) => [start(index), ...deltas(index), end(index)]);
  return {
    status: 200,
    events: {
      head: [named({ type: 'message_start', message: begun }), named({ type: 'ping' }), ...before, start(last)],
      each: deltas(last),
      tail: [
        end(last),
        named({ type: 'message_delta', delta: { stop_reason: stop, stop_sequence: null }, usage: { output_tokens: usage.output_tokens } }),
        named({ type: 'message_stop' }),
      ],
    },
  };
}

function blocksOf(request: ModelRequest, { text, thinking, refusal }: Script, call: Script['call'] | undefined): Block[] {
  const thought: Block[] = thinking === undefined ? [] : [{ type: 'thinking', thinking, signature: idOf('sig_', request) }];
  if (call !== undefined) {
    return [...thought, { type: 'tool_use', id: idOf('toolu_', request), name: call.name, input: JSON.parse(call.args) as unknown }];
  }
  return [...thought, { type: 'text', text: refusal ?? text }];
}

function isCalled(messages: readonly { content?: unknown }[], tool: string | undefined): boolean {
  const blocks = messages.flatMap(({ content }) => (Array.isArray(content) ? (content as { type: string; name: string }[]) : []));
  const called = blocks.flatMap(({ type, name }) => (type === 'tool_use' ? [name] : []));
  // With `thread`, the call itself is not sent again.
  return called.length === 0 ? blocks.some(({ type }) => type === 'tool_result') : called.includes(tool ?? '');
}

function emptied(block: Block | undefined): object {
  if (block === undefined) return {};
  if (block.type === 'thinking') return { ...block, thinking: '', signature: '' };
  return block.type === 'text' ? { ...block, text: '' } : { ...block, input: {} };
}

function deltasOf(block: Block | undefined): object[] {
  if (block === undefined) return [];
  if (block.type === 'text') return piecesOf(block.text).map((text) => ({ type: 'text_delta', text }));
  if (block.type === 'tool_use') return halvesOf(JSON.stringify(block.input)).map((half) => ({ type: 'input_json_delta', partial_json: half }));
  return [...piecesOf(block.thinking).map((thinking) => ({ type: 'thinking_delta', thinking })), { type: 'signature_delta', signature: block.signature }];
}
