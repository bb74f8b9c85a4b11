import Anthropic, { APIConnectionError } from '@anthropic-ai/sdk';
import { MastGuardBlockedError } from '../../../sdk/agent/src/blocked-error.ts';
import { findBlocked } from '../../../sdk/agent/src/find-blocked.ts';
import { wrapAnthropic } from '../../../sdk/agent/src/wrap-anthropic.ts';
import type { WrapOptions } from '../../../sdk/agent/src/wrap-options.ts';
import { FORBIDDEN, type NotingGovernor, notingGovernor, type NotingOptions } from '../../support/noting-governor.ts';
import { messageFrames, startStreamingModel, type StreamingModel } from '../../support/streaming-model.ts';

let model: StreamingModel;
let bare: Anthropic;

beforeAll(async () => {
  model = await startStreamingModel();
  bare = new Anthropic({ apiKey: 'sk-test', baseURL: model.url, maxRetries: 2, logLevel: 'off' });
});

afterAll(() => model.close());

const hello = { model: 'm-1', max_tokens: 100, messages: [{ role: 'user' as const, content: 'hello' }] };

const answering = (...content: object[]): { json: object } => ({
  json: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'm-1',
    content,
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 3, output_tokens: 4 },
  },
});

const saying = (text: string): { json: object } => answering({ type: 'text', text });

function wrapped({ noting, ...options }: WrapOptions & { noting?: NotingOptions } = {}, client = bare): { client: Anthropic; governor: NotingGovernor } {
  const governor = notingGovernor(noting);
  return { client: wrapAnthropic(client, { governor, ...options }), governor };
}

async function allOf(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const events: unknown[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

/** Every way of the client that leads to a model. */
const paths: Record<string, (client: Anthropic, content: string) => PromiseLike<unknown>> = {
  'messages.create': (client, content) => client.messages.create({ ...hello, messages: [{ role: 'user', content }] }),
  'messages.create, streamed': async (client, content) =>
    allOf(await client.messages.create({ ...hello, messages: [{ role: 'user', content }], stream: true })),
  'messages.stream': (client, content) => client.messages.stream({ ...hello, messages: [{ role: 'user', content }] }).finalMessage(),
  'messages.parse': (client, content) => client.messages.parse({ ...hello, messages: [{ role: 'user', content }] }),
  'messages.countTokens': (client, content) => client.messages.countTokens({ model: 'm-1', messages: [{ role: 'user', content }] }),
  'messages.batches.create': (client, content) =>
    client.messages.batches.create({ requests: [{ custom_id: '1', params: { ...hello, messages: [{ role: 'user', content }] } }] }),
  'beta.messages.create': (client, content) => client.beta.messages.create({ ...hello, messages: [{ role: 'user', content }] }),
  'beta.messages.stream': (client, content) => client.beta.messages.stream({ ...hello, messages: [{ role: 'user', content }] }).finalMessage(),
  'beta.messages.countTokens': (client, content) => client.beta.messages.countTokens({ model: 'm-1', messages: [{ role: 'user', content }] }),
  'beta.messages.toolRunner': (client, content) =>
    client.beta.messages.toolRunner({ ...hello, messages: [{ role: 'user', content }], tools: [] }).runUntilDone(),
  'post of a completion': (client, content) => client.post('/v1/complete', { body: { model: 'm-1', prompt: content } }),
  post: (client, content) => client.post('/v1/messages', { body: { ...hello, messages: [{ role: 'user', content }] } }),
  request: (client, content) => client.request({ method: 'post', path: '/v1/new', body: { anything: content } }),
  asResponse: (client, content) =>
    client.messages
      .create({ ...hello, messages: [{ role: 'user', content }] })
      .asResponse()
      .then((response) => response.text()),
};

describe('a wrapped Anthropic client', () => {
  it.each(Object.keys(paths))('governs %s, and is otherwise as the bare one', async (name) => {
    const call = paths[name] as (typeof paths)[string];
    const streamed = name.includes('stream');
    model.play(streamed ? { frames: messageFrames({ text: 'hi there' }) } : saying('hi there'));
    const { client, governor } = wrapped();
    const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
    expect(plain(await call(client, 'hello'))).toEqual(plain(await call(bare, 'hello')));
    const [ofWrapped, ofBare] = model.requests.map(({ path, headers, body }) => ({ path, headers: { ...headers, date: null }, body }));
    expect(ofWrapped).toEqual(ofBare);
    expect(governor.asked[0]).toMatchObject({ channel: 'user', content: 'hello', metadata: { provider: 'anthropic' } });
    const sent = model.requests.length;
    const error: unknown = await Promise.resolve(call(client, FORBIDDEN)).catch((thrown: unknown) => thrown);
    expect(findBlocked(error)).toBeInstanceOf(MastGuardBlockedError);
    expect(model.requests).toHaveLength(sent);
  });

  it('is of the same class, and its copies stay governed, with other middleware too', async () => {
    model.play(saying(FORBIDDEN));
    const { client } = wrapped();
    expect(client).toBeInstanceOf(Anthropic);
    expect(client.constructor.name).toBe(bare.constructor.name);
    const seen: string[] = [];
    const copies = [
      client.withOptions({ maxRetries: 0 }),
      client.withOptions({ fetch }),
      client.withOptions({
        middleware: [
          async (request, next) => {
            const response = await next(request);
            seen.push(await response.clone().text().catch(String));
            return response;
          },
        ],
      }),
    ];
    for (const copy of copies) await expect(copy.messages.create(hello)).rejects.toBeInstanceOf(MastGuardBlockedError);
    expect(seen).toEqual([expect.stringContaining('MastGuardBlockedError')]);
  });

  it('asks about thoughts and text together, tool calls each, and records what the provider has run', async () => {
    model.play(
      answering(
        { type: 'thinking', thinking: 'hm', signature: 'x' },
        { type: 'text', text: 'I shall' },
        { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'cats' } },
        { type: 'tool_use', id: 'toolu_1', name: 'send_mail', input: { to: 'one@example.com' } },
      ),
    );
    const { client, governor } = wrapped();
    await client.messages.create(hello);
    expect(governor.asked.slice(1)).toMatchObject([
      { action: 'chat', channel: 'agent_message', content: 'hm\nI shall', metadata: { finish: 'end_turn', tokens: 7 } },
      { action: 'send_mail', tool: { name: 'send_mail', args: { to: 'one@example.com' } } },
    ]);
    expect(governor.observed).toMatchObject([{ action: 'web_search', tool: { name: 'web_search', args: { query: 'cats' } } }]);
  });

  it('puts the arguments of reviewers into the answer, and blocks a tool call with the answer', async () => {
    const call = (to: string): { json: object } => answering({ type: 'tool_use', id: 'toolu_1', name: 'send_mail', input: { to } });
    model.play(call('everybody@example.com'));
    const { client } = wrapped({ noting: { changedArgs: { to: 'one@example.com' } } });
    expect((await client.messages.create(hello)).content).toMatchObject([{ type: 'tool_use', input: { to: 'one@example.com' } }]);
    model.play(call(FORBIDDEN));
    await expect(client.messages.create(hello)).rejects.toBeInstanceOf(MastGuardBlockedError);
    expect(model.requests).toHaveLength(1);
    await expect(wrapped({ toolCalls: 'ignore' }).client.messages.create(hello)).resolves.toMatchObject({ content: [{ name: 'send_mail' }] });
  });

  it('hears documents, search results and tool results, and what stands before a prefilled answer', async () => {
    model.play(saying('ok'));
    const { client, governor } = wrapped();
    await client.messages.create({
      ...hello,
      system: 'be brief',
      messages: [
        { role: 'user', content: 'answered long ago' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'read_mail', input: {} }] },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: 'a mail' }] },
            { type: 'document', title: 'Notes', source: { type: 'text', media_type: 'text/plain', data: 'a document' } },
            { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
            { type: 'search_result', title: 'A page', source: 'https://example.com', content: [{ type: 'text', text: 'found' }] },
            { type: 'text', text: 'what now?' },
          ],
        },
        { role: 'assistant', content: 'I would' },
      ],
    });
    expect(governor.asked.slice(0, -1)).toMatchObject([
      { action: 'chat', channel: 'user', content: 'Notes\na document\nwhat now?', metadata: { media: ['image'] } },
      { action: 'tool_result', tool: { name: 'read_mail' }, channel: 'tool_result', trust: 'untrusted', content: 'a mail' },
      { action: 'tool_result', tool: { name: 'search' }, channel: 'tool_result', trust: 'untrusted', content: 'A page\nhttps://example.com\nfound' },
    ]);
  });

  it('meets the answers of another cloud as Anthropic sends them', async () => {
    /** Sends and receives everything turned round, as a cloud with a wire of its own might. */
    class TurnedRound extends Anthropic {
      awsRegion = 'eu-north-1';
      protected override backendMiddleware(): ReturnType<Anthropic['backendMiddleware']> {
        return [
          async (request, next) => {
            const response = await next(request);
            return new Response((await response.text()).split('').toReversed().join(''), {
              status: response.status,
              headers: { 'content-type': 'application/json' },
            });
          },
        ];
      }
    }
    const cloud = new TurnedRound({ apiKey: 'sk-test', baseURL: model.url, logLevel: 'off' });
    const turned = (text: string): { frames: string[]; headers: Record<string, string> } => ({
      frames: [JSON.stringify(saying(text).json).split('').toReversed().join('')],
      headers: { 'content-type': 'application/octet-stream' },
    });
    model.play(turned('hi'));
    const { client, governor } = wrapped({}, cloud);
    expect((await client.messages.create(hello)).content).toMatchObject([{ text: 'hi' }]);
    expect(governor.asked[1]).toMatchObject({ content: 'hi', metadata: { provider: 'aws.bedrock' } });
    model.play(turned(FORBIDDEN));
    await expect(client.messages.create(hello)).rejects.toBeInstanceOf(MastGuardBlockedError);
  });

  it('retries as the bare client does, and asks once', async () => {
    model.play(
      { status: 529, json: { type: 'error', error: { type: 'overloaded_error', message: 'busy' } }, headers: { 'retry-after-ms': '1' } },
      saying('hi'),
    );
    const { client, governor } = wrapped();
    await client.messages.create(hello);
    expect([model.requests.length, governor.asked.length]).toEqual([2, 2]);
    const failing = new Anthropic({ apiKey: 'sk-test', baseURL: 'http://127.0.0.1:1', maxRetries: 0, logLevel: 'off' });
    await expect(wrapped({}, failing).client.messages.create(hello)).rejects.toBeInstanceOf(APIConnectionError);
  });
});
