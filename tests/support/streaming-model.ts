import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ModelAnswer {
  status?: number;
  headers?: Record<string, string>;
  /** An answer in one piece. */
  json?: unknown;
  /** Frames of a stream, each sent in a packet of its own. */
  frames?: readonly string[];
  /** After the frames: the connection is cut; or the last frame comes again and again while anybody reads. */
  after?: 'cut' | 'go-on';
}

export interface StreamingModel {
  url: string;
  /** What was asked since the last `play`. */
  requests: { path: string; headers: Record<string, unknown>; body: string }[];
  /** What is answered from now on, one each; the last one goes on. */
  play: (...answers: ModelAnswer[]) => void;
  /** Resolves when the reader of an answer has gone before its end; so many since the last `play`. */
  left: (times: number) => Promise<void>;
  /** How many frames have been taken off the server's hands since the last `play`. */
  sentFrames: () => number;
  close: () => Promise<void>;
}

/** A server on a free port of loopback that answers as model providers do. */
export async function startStreamingModel(): Promise<StreamingModel> {
  let script: ModelAnswer[] = [{ json: {} }];
  let gone = 0;
  let sent = 0;
  const requests: StreamingModel['requests'] = [];
  const waiting = new Set<() => void>();
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => void chunks.push(chunk));
    req.on('end', () => {
      requests.push({ path: req.url ?? '', headers: req.headers, body: Buffer.concat(chunks).toString() });
      const answer = script.length > 1 ? (script.shift() ?? {}) : (script[0] ?? {});
      res.on('close', () => {
        if (!res.writableFinished) gone++;
        for (const look of waiting) look();
      });
      void send(res, answer);
    });
  });
  const send = async (res: ServerResponse, { status = 200, headers = {}, json, frames, after }: ModelAnswer): Promise<void> => {
    res.writeHead(status, { 'content-type': frames === undefined ? 'application/json' : 'text/event-stream', 'x-request-id': 'req_1', ...headers });
    if (frames === undefined) {
      res.end(JSON.stringify(json));
      return;
    }
    const sendFrame = async (frame: string): Promise<void> => {
      if (!res.write(frame)) await roomIn(res);
      sent++;
      await new Promise((resolve) => setImmediate(resolve));
    };
    for (const frame of frames) if (!res.destroyed) await sendFrame(frame);
    if (after === 'go-on') while (!res.destroyed) await sendFrame(frames.at(-1) ?? '');
    if (after === 'cut') res.destroy();
    else res.end();
  };
  // None is closed that a client is about to use: those do not ask again.
  server.keepAliveTimeout = 0;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    play(...answers) {
      script = answers;
      requests.length = 0;
      gone = 0;
      sent = 0;
    },
    left: (times) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (gone < times) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    sentFrames: () => sent,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Resolves when more may be written, or never can be. */
async function roomIn(res: ServerResponse): Promise<void> {
  const waiting = new AbortController();
  const { signal } = waiting;
  await Promise.race(['drain', 'close'].map((event) => once(res, event, { signal }).catch(() => undefined))).finally(() => waiting.abort());
}

const frame = (data: unknown, event?: string): string => `${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`;

const pieces = (text: string, size: number): string[] => text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];

export interface ModelTurn {
  thinking?: string;
  text?: string;
  calls?: { name: string; args: unknown }[];
  /** Length of a delta. Default: 7. */
  pieceChars?: number;
}

/** A turn as chat completions stream it. */
export function chatFrames({ thinking = '', text = '', calls = [], pieceChars = 7 }: ModelTurn): string[] {
  const chunk = (delta: object, finish: string | null = null): string =>
    frame({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm-1',
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    });
  return [
    chunk({ role: 'assistant', content: '' }),
    ...pieces(thinking, pieceChars).map((reasoning_content) => chunk({ reasoning_content })),
    ...pieces(text, pieceChars).map((content) => chunk({ content })),
    ...calls.flatMap(({ name, args }, index) => [
      chunk({ tool_calls: [{ index, id: `call_${index}`, type: 'function', function: { name, arguments: '' } }] }),
      ...pieces(JSON.stringify(args), pieceChars).map((written) => chunk({ tool_calls: [{ index, function: { arguments: written } }] })),
    ]),
    chunk({}, calls.length > 0 ? 'tool_calls' : 'stop'),
    frame({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm-1',
      choices: [],
      usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
    }),
    'data: [DONE]\n\n',
  ];
}

/** A turn as Anthropic streams messages. */
export function messageFrames({ thinking = '', text = '', calls = [], pieceChars = 7 }: ModelTurn): string[] {
  const send = (data: { type: string } & Record<string, unknown>): string => frame(data, data.type);
  const usage = { input_tokens: 3, output_tokens: 1 };
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'm-1', content: [], stop_reason: null, stop_sequence: null, usage };
  const blocks = [
    ...(thinking === ''
      ? []
      : [
          {
            block: { type: 'thinking', thinking: '', signature: '' },
            deltas: pieces(thinking, pieceChars).map((each) => ({ type: 'thinking_delta', thinking: each })),
          },
        ]),
    ...(text === '' ? [] : [{ block: { type: 'text', text: '' }, deltas: pieces(text, pieceChars).map((each) => ({ type: 'text_delta', text: each })) }]),
    ...calls.map(({ name, args }, index) => ({
      block: { type: 'tool_use', id: `toolu_${index}`, name, input: {} },
      deltas: ['', ...pieces(JSON.stringify(args), pieceChars)].map((partial_json) => ({ type: 'input_json_delta', partial_json })),
    })),
  ];
  return [
    send({ type: 'message_start', message }),
    send({ type: 'ping' }),
    ...blocks.flatMap(({ block, deltas }, index) => [
      send({ type: 'content_block_start', index, content_block: block }),
      ...deltas.map((delta) => send({ type: 'content_block_delta', index, delta })),
      send({ type: 'content_block_stop', index }),
    ]),
    send({ type: 'message_delta', delta: { stop_reason: calls.length > 0 ? 'tool_use' : 'end_turn', stop_sequence: null }, usage: { output_tokens: 4 } }),
    send({ type: 'message_stop' }),
  ];
}

/** A turn as the Responses API streams it. */
export function responseFrames({ thinking = '', text = '', calls = [], pieceChars = 7 }: ModelTurn): string[] {
  let sequence = 0;
  const send = (data: { type: string } & Record<string, unknown>): string => frame({ ...data, sequence_number: sequence++ }, data.type);
  const response = {
    id: 'resp_1',
    object: 'response',
    created_at: 1,
    status: 'in_progress',
    model: 'm-1',
    output: [] as unknown[],
    error: null,
    incomplete_details: null,
  };
  const frames = [send({ type: 'response.created', response }), send({ type: 'response.in_progress', response })];
  const output: unknown[] = [];
  if (thinking !== '') {
    const at = { item_id: 'rs_1', output_index: output.length, summary_index: 0 };
    const item = { id: 'rs_1', type: 'reasoning', summary: [{ type: 'summary_text', text: thinking }] };
    frames.push(
      send({ type: 'response.output_item.added', output_index: output.length, item: { ...item, summary: [] } }),
      send({ type: 'response.reasoning_summary_part.added', ...at, part: { type: 'summary_text', text: '' } }),
      ...pieces(thinking, pieceChars).map((delta) => send({ type: 'response.reasoning_summary_text.delta', ...at, delta })),
      send({ type: 'response.reasoning_summary_text.done', ...at, text: thinking }),
      send({ type: 'response.reasoning_summary_part.done', ...at, part: { type: 'summary_text', text: thinking } }),
      send({ type: 'response.output_item.done', output_index: output.length, item }),
    );
    output.push(item);
  }
  if (text !== '') {
    const at = { item_id: 'msg_1', output_index: output.length, content_index: 0 };
    const part = { type: 'output_text', text, annotations: [] };
    const item = { id: 'msg_1', type: 'message', role: 'assistant', status: 'completed', content: [part] };
    frames.push(
      send({ type: 'response.output_item.added', output_index: output.length, item: { ...item, status: 'in_progress', content: [] } }),
      send({ type: 'response.content_part.added', ...at, part: { ...part, text: '' } }),
      ...pieces(text, pieceChars).map((delta) => send({ type: 'response.output_text.delta', ...at, delta })),
      send({ type: 'response.output_text.done', ...at, text }),
      send({ type: 'response.content_part.done', ...at, part }),
      send({ type: 'response.output_item.done', output_index: output.length, item }),
    );
    output.push(item);
  }
  for (const { name, args } of calls) {
    const at = { item_id: `fc_${output.length}`, output_index: output.length };
    const item = { id: at.item_id, type: 'function_call', call_id: `call_${output.length}`, name, arguments: JSON.stringify(args), status: 'completed' };
    frames.push(
      send({ type: 'response.output_item.added', output_index: output.length, item: { ...item, arguments: '', status: 'in_progress' } }),
      ...pieces(item.arguments, pieceChars).map((delta) => send({ type: 'response.function_call_arguments.delta', ...at, delta })),
      send({ type: 'response.function_call_arguments.done', ...at, arguments: item.arguments }),
      send({ type: 'response.output_item.done', output_index: output.length, item }),
    );
    output.push(item);
  }
  const usage = { input_tokens: 3, output_tokens: 4, total_tokens: 7 };
  return [...frames, send({ type: 'response.completed', response: { ...response, status: 'completed', output, usage } })];
}

interface Delta {
  type?: string;
  delta?: string | { text?: string; thinking?: string };
  choices?: { delta: { content?: string; reasoning_content?: string } }[];
}

/** What the deltas of any of the three say, thoughts and all; from the JSON of each event. */
export const textOfEvents = (events: readonly string[]): string =>
  events
    .map((event) => JSON.parse(event) as Delta)
    .map(({ type, delta, choices: [choice] = [] }) => {
      if (typeof delta === 'string') return type?.includes('text') === true ? delta : '';
      return delta?.text ?? delta?.thinking ?? choice?.delta.content ?? choice?.delta.reasoning_content ?? '';
    })
    .join('');
