import type { Answer, SentEvent } from './answer.ts';
import { CREATED } from './created.ts';
import { idOf, type ModelRequest } from './request.ts';
import { piecesOf, type Script, tokensOf } from './script.ts';

interface ChatMessage {
  tool_calls?: { function: { name: string } }[];
}

/** `POST /v1/chat/completions`, JSON or a stream of `chat.completion.chunk`. */
export function chatCompletion(request: ModelRequest, script: Script): Answer {
  const { json = {}, model } = request;
  const messages = (json['messages'] ?? []) as ChatMessage[];
  const called = messages.flatMap(({ tool_calls: calls = [] }) => calls.map(({ function: { name } }) => name));
  const call = called.includes(script.call?.name ?? '') ? undefined : script.call;
  const toolCalls = call && [{ id: idOf('call_', request), type: 'function', function: { name: call.name, arguments: call.args } }];
  const finish = toolCalls === undefined ? 'stop' : 'tool_calls';
  const usage = usageOf(messages, call ?? script.text);
  const common = { id: idOf('chatcmpl-', request), created: CREATED, model, service_tier: 'default', system_fingerprint: 'fp_test' };
  if (json['stream'] !== true) {
    const said = toolCalls !== undefined || script.refusal !== undefined ? null : script.text;
    const message = { role: 'assistant', content: said, refusal: script.refusal ?? null, annotations: [], ...(toolCalls && { tool_calls: toolCalls }) };
    const choices = [{ index: 0, message, logprobs: null, finish_reason: finish }];
    return { status: 200, body: { ...common, object: 'chat.completion', choices, usage } };
  }

  const options = json['stream_options'] as { include_usage?: boolean } | undefined;
  const counted = options?.include_usage === true;
  const chunk = (choices: object[], used: object | null = null): SentEvent => ({
    data: { ...common, object: 'chat.completion.chunk', choices, ...(counted && { usage: used }) },
  });
  const delta = (given: object, reason: string | null = null): SentEvent => chunk([{ index: 0, delta: given, logprobs: null, finish_reason: reason }]);
  const [first] = toolCalls ?? [];
  const head =
    first === undefined
      ? delta({ role: 'assistant', content: script.refusal === undefined ? '' : null, refusal: null })
      : delta({ role: 'assistant', content: null, refusal: null, tool_calls: [{ index: 0, ...first, function: { ...first.function, arguments: '' } }] });
  const each =
    first === undefined
      ? piecesOf(script.refusal ?? script.text).map((piece) => delta(script.refusal === undefined ? { content: piece } : { refusal: piece }))
      : halvesOf(first.function.arguments).map((piece) => delta({ tool_calls: [{ index: 0, function: { arguments: piece } }] }));
  const tail = [delta({}, finish), ...(counted ? [chunk([], usage)] : []), { data: '[DONE]' }];
  return { status: 200, events: { head: [head], each, tail } };
}

/** Arguments arrive in pieces that are no JSON by themselves. */
export const halvesOf = (text: string): string[] => [text.slice(0, text.length / 2), text.slice(text.length / 2)].filter((half) => half !== '');

function usageOf(asked: unknown, said: unknown): object {
  const [prompt, completion] = [tokensOf(asked), tokensOf(said)];
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
  };
}
