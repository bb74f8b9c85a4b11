import type { Answer, SentEvent } from './answer.ts';
import { CREATED } from './created.ts';
import { halvesOf } from './openai-chat.ts';
import { idOf, type ModelRequest } from './request.ts';
import { piecesOf, type Script, tokensOf } from './script.ts';

type Item = Record<string, unknown> & { id: string };

/** `POST /v1/responses`, JSON or a stream of `response.…` events. */
export function response(request: ModelRequest, script: Script): Answer {
  const { json = {}, model } = request;
  const input = json['input'];
  const items = Array.isArray(input) ? (input as { type?: string; name?: string }[]) : [];
  const called = items.flatMap(({ type, name = '' }) => (type === 'function_call' ? [name] : []));
  // With `previous_response_id` the call itself is not sent again.
  const isAnswered = called.length === 0 ? items.some(({ type }) => type === 'function_call_output') : called.includes(script.call?.name ?? '');
  const call = isAnswered ? undefined : script.call;
  const common = {
    id: idOf('resp_', request),
    object: 'response',
    created_at: CREATED,
    error: null,
    incomplete_details: null,
    instructions: json['instructions'] ?? null,
    max_output_tokens: null,
    metadata: {},
    model,
    parallel_tool_calls: true,
    previous_response_id: json['previous_response_id'] ?? null,
    reasoning: { effort: null, summary: null },
    store: true,
    temperature: 1,
    text: json['text'] ?? { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: json['tools'] ?? [],
    top_p: 1,
    truncation: 'disabled',
    user: null,
  };
  const begun = { ...common, status: 'in_progress', output: [], usage: null };
  const item: Item =
    call === undefined
      ? { id: idOf('msg_', request), type: 'message', status: 'completed', role: 'assistant', content: [partOf(script)] }
      : { id: idOf('fc_', request), type: 'function_call', status: 'completed', arguments: call.args, call_id: idOf('call_', request), name: call.name };
  const done = { ...common, status: 'completed', output: [item], usage: usageOf(input, call ?? script.text) };
  if (json['stream'] !== true) return { status: 200, body: done };

  const at = { item_id: item.id, output_index: 0 };
  const within = call === undefined ? textEvents(script, at) : argumentEvents(call.args, call.name, at);
  const opened = call === undefined ? { ...item, status: 'in_progress', content: [] } : { ...item, status: 'in_progress', arguments: '' };
  const head = [
    { type: 'response.created', response: begun },
    { type: 'response.in_progress', response: begun },
    { type: 'response.output_item.added', output_index: 0, item: opened },
    ...within.head,
  ];
  const tail = [...within.tail, { type: 'response.output_item.done', output_index: 0, item }, { type: 'response.completed', response: done }];
  let sequence = 0;
  const numbered = (events: readonly { type: string }[]): SentEvent[] =>
    events.map(({ type, ...rest }) => ({ event: type, data: { type, sequence_number: sequence++, ...rest } }));
  return { status: 200, events: { head: numbered(head), each: numbered(within.each), tail: numbered(tail) } };
}

interface Within {
  head: { type: string }[];
  each: { type: string }[];
  tail: { type: string }[];
}

const partOf = ({ text, refusal }: Script): object =>
  refusal === undefined ? { type: 'output_text', text, annotations: [], logprobs: [] } : { type: 'refusal', refusal };

function textEvents(script: Script, item: object): Within {
  const at = { ...item, content_index: 0 };
  const { text, refusal } = script;
  const empty = partOf(refusal === undefined ? { ...script, text: '' } : { ...script, refusal: '' });
  const name = refusal === undefined ? 'response.output_text' : 'response.refusal';
  const logprobs = refusal === undefined ? { logprobs: [] } : {};
  return {
    head: [{ type: 'response.content_part.added', ...at, part: empty } as { type: string }],
    each: piecesOf(refusal ?? text).map((delta) => ({ type: `${name}.delta`, ...at, delta, ...logprobs })),
    tail: [
      { type: `${name}.done`, ...at, ...(refusal === undefined ? { text, ...logprobs } : { refusal }) },
      { type: 'response.content_part.done', ...at, part: partOf(script) } as { type: string },
    ],
  };
}

function argumentEvents(args: string, name: string, at: object): Within {
  return {
    head: [],
    each: halvesOf(args).map((delta) => ({ type: 'response.function_call_arguments.delta', ...at, delta })),
    tail: [{ type: 'response.function_call_arguments.done', ...at, name, arguments: args } as { type: string }],
  };
}

function usageOf(asked: unknown, said: unknown): object {
  const [input, output] = [tokensOf(asked), tokensOf(said)];
  const details = { input_tokens_details: { cached_tokens: 0 }, output_tokens_details: { reasoning_tokens: 0 } };
  return { input_tokens: input, output_tokens: output, total_tokens: input + output, ...details };
}
