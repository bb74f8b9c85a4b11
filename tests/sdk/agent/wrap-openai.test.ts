import OpenAI, { APIUserAbortError } from 'openai';
import { MastGuardBlockedError } from '../../../sdk/agent/src/blocked-error.ts';
import { findBlocked } from '../../../sdk/agent/src/find-blocked.ts';
import { wrapOpenAI } from '../../../sdk/agent/src/wrap-openai.ts';
import type { WrapOptions } from '../../../sdk/agent/src/wrap-options.ts';
import { FORBIDDEN, type NotingGovernor, notingGovernor, type NotingOptions } from '../../support/noting-governor.ts';
import { chatFrames, startStreamingModel, type StreamingModel } from '../../support/streaming-model.ts';

let model: StreamingModel;
let bare: OpenAI;

beforeAll(async () => {
  model = await startStreamingModel();
  bare = new OpenAI({ apiKey: 'sk-test', baseURL: `${model.url}/v1`, maxRetries: 2, logLevel: 'off' });
});

afterAll(() => model.close());

const hello = { model: 'm-1', messages: [{ role: 'user' as const, content: 'hello' }] };

const answering = (message: object): { json: object } => ({
  json: {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'm-1',
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
  },
});

const calling = (name: string, args: object): { json: object } =>
  answering({ content: null, tool_calls: [{ id: 'call_0', type: 'function', function: { name, arguments: JSON.stringify(args) } }] });

function wrapped({ noting, ...options }: WrapOptions & { noting?: NotingOptions } = {}): { client: OpenAI; governor: NotingGovernor } {
  const governor = notingGovernor(noting);
  return { client: wrapOpenAI(bare, { governor, ...options }), governor };
}

describe('a wrapped OpenAI client', () => {
  it('is of the same class, names itself the same, and leaves the one passed in as it was', async () => {
    model.play(answering({ content: 'hi' }));
    const { client, governor } = wrapped();
    expect(client).toBeInstanceOf(OpenAI);
    expect(client.constructor.name).toBe(bare.constructor.name);
    await bare.chat.completions.create(hello);
    expect(governor.asked).toEqual([]);
    await client.chat.completions.create(hello);
    const [ofBare, ofWrapped] = model.requests.map(({ path, headers, body }) => ({ path, headers: { ...headers, date: null }, body }));
    expect(ofWrapped).toEqual(ofBare);
  });

  it('asks about what reaches the model and about what it says, with what the call was', async () => {
    model.play(answering({ content: 'hi there' }));
    const { client, governor } = wrapped();
    const completion = await client.chat.completions.create({
      model: 'm-1',
      messages: [{ role: 'system', content: 'be brief' }, { role: 'user', content: 'old' }, { role: 'assistant', content: 'answered' }, hello.messages[0]!],
    });
    expect(completion.choices[0]?.message.content).toBe('hi there');
    const metadata = { provider: 'openai', model: 'm-1', path: '/chat/completions' };
    expect(governor.asked).toEqual([
      { action: 'chat', channel: 'user', content: 'hello', metadata },
      { action: 'chat', channel: 'agent_message', content: 'hi there', metadata: { ...metadata, finish: 'stop', tokens: 7 } },
    ]);
  });

  it('asks about the results of tools as text from outside, each by its tool', async () => {
    model.play(answering({ content: 'ok' }));
    const { client, governor } = wrapped();
    const call = { id: 'call_7', type: 'function' as const, function: { name: 'read_mail', arguments: '{}' } };
    await client.chat.completions.create({
      model: 'm-1',
      messages: [hello.messages[0]!, { role: 'assistant', content: null, tool_calls: [call] }, { role: 'tool', tool_call_id: 'call_7', content: 'a mail' }],
    });
    expect(governor.asked[0]).toMatchObject({
      action: 'tool_result',
      channel: 'tool_result',
      trust: 'untrusted',
      tool: { name: 'read_mail' },
      content: 'a mail',
    });
    expect(governor.asked).toHaveLength(2);
  });

  it('sends nothing of a question that is blocked', async () => {
    model.play(answering({ content: 'hi' }));
    const { client } = wrapped();
    const asked = client.chat.completions.create({ model: 'm-1', messages: [{ role: 'user', content: FORBIDDEN }] });
    await expect(asked).rejects.toBeInstanceOf(MastGuardBlockedError);
    expect(model.requests).toEqual([]);
  });

  it('rejects with the block of an answer, and asks the model once', async () => {
    model.play(answering({ content: `the ${FORBIDDEN} word` }));
    const { client } = wrapped();
    await expect(client.chat.completions.create(hello)).rejects.toBeInstanceOf(MastGuardBlockedError);
    expect(model.requests).toHaveLength(1);
  });

  it('rejects with the block of a tool call, and uses the arguments that reviewers have put in its place', async () => {
    model.play(calling('send_mail', { to: FORBIDDEN }));
    await expect(wrapped().client.chat.completions.create(hello)).rejects.toBeInstanceOf(MastGuardBlockedError);
    model.play(calling('send_mail', { to: 'everybody@example.com' }));
    const { client, governor } = wrapped({ noting: { changedArgs: { to: 'one@example.com' } } });
    const { choices } = await client.chat.completions.create(hello);
    const [call] = choices[0]?.message.tool_calls ?? [];
    expect(call?.type === 'function' && call.function.arguments).toBe('{"to":"one@example.com"}');
    expect(governor.asked).toContainEqual(expect.objectContaining({ action: 'send_mail', tool: { name: 'send_mail', args: { to: 'everybody@example.com' } } }));
  });

  it('asks once about a question that is sent again, and again about the next call with the same options', async () => {
    model.play(
      { status: 500, json: {}, headers: { 'retry-after-ms': '1' } },
      { status: 429, json: {}, headers: { 'retry-after-ms': '1' } },
      answering({ content: 'hi' }),
    );
    const { client, governor } = wrapped();
    const options = { method: 'post' as const, path: '/chat/completions', body: hello };
    await client.request(options);
    expect(model.requests).toHaveLength(3);
    expect(governor.asked).toHaveLength(2);
    await client.request(options);
    expect(governor.asked).toHaveLength(4);
  });

  it('sends the question that was decided, whatever becomes of the objects passed in meanwhile', async () => {
    model.play(answering({ content: 'hi' }));
    const messages = [hello.messages[0]!];
    const { client } = wrapped({ noting: { beforeDecision: () => void messages.push({ role: 'user', content: 'and this' }) } });
    await client.chat.completions.create({ model: 'm-1', messages });
    expect(JSON.parse(model.requests[0]?.body ?? '')).toEqual(hello);
  });

  it('keeps its copies governed, with another fetch too', async () => {
    model.play(answering({ content: FORBIDDEN }));
    const { client, governor } = wrapped();
    const copies = [
      client.withOptions({ maxRetries: 0 }),
      client.withOptions({ fetch }),
      client.withOptions({ timeout: 5_000 }).withOptions({ maxRetries: 1 }),
    ];
    for (const copy of copies) await expect(copy.chat.completions.create(hello)).rejects.toBeInstanceOf(MastGuardBlockedError);
    expect(governor.asked).toHaveLength(2 * copies.length);
  });

  it('gives away the response as the bare client does', async () => {
    model.play(answering({ content: 'hi' }));
    const { client } = wrapped();
    const { data, response, request_id: requestId } = await client.chat.completions.create(hello).withResponse();
    expect([data.id, response.status, response.url, response.headers.get('x-request-id'), requestId]).toEqual([
      'chatcmpl-1',
      200,
      `${model.url}/v1/chat/completions`,
      'req_1',
      'req_1',
    ]);
    const raw = await client.chat.completions.create(hello).asResponse();
    expect((await raw.clone().blob()).type).toBe('application/json');
    expect(await raw.clone().json()).toEqual(await raw.json());
  });

  it('governs what has no adapter of its own by all its texts, and leaves alone what only reads', async () => {
    model.play({ json: { data: [{ url: 'https://example.com/a.png', revised_prompt: 'a cat' }] } });
    const { client, governor } = wrapped();
    await client.images.generate({ prompt: 'a cat', model: 'm-1' });
    await client.post('/some/new/operation', { body: { deep: [{ words: 'what is new' }] } });
    expect(governor.asked.filter(({ channel }) => channel === 'user')).toMatchObject([
      { action: 'images.generations', content: 'a cat', metadata: { path: '/images/generations' } },
      { action: 'some.new.operation', content: 'what is new', metadata: { path: '/some/new/operation' } },
    ]);
    governor.asked.length = 0;
    model.play({ json: { object: 'list', data: [] } });
    await client.models.list();
    await client.files.delete('file-1');
    expect(governor.asked).toEqual([]);
    await expect(client.post('/some/new/operation', { body: [FORBIDDEN] })).rejects.toBeInstanceOf(MastGuardBlockedError);
  });

  it('keeps the account of an organisation out of the events, and names what it did', async () => {
    model.play({ json: {} });
    const { client, governor } = wrapped();
    await client.post('/organization/admin_api_keys', { body: { name: 'the key of all keys' } });
    expect(governor.asked).toEqual([
      { action: 'organization.admin_api_keys', channel: 'user', metadata: { provider: 'openai', path: '/organization/admin_api_keys' } },
    ]);
    expect(governor.observed).toEqual([]);
  });

  it('counts the tokens of embeddings, whose vectors say nothing', async () => {
    model.play({ json: { object: 'list', data: [], model: 'm-1', usage: { prompt_tokens: 2, total_tokens: 2 } } });
    const { client, governor } = wrapped();
    await client.embeddings.create({ model: 'm-1', input: ['one', 'two'] });
    expect(governor.asked).toMatchObject([{ action: 'embeddings', channel: 'user', content: 'one\ntwo' }]);
    expect(governor.observed).toMatchObject([{ action: 'embeddings', metadata: { tokens: 2 } }]);
  });

  it('opens no realtime session unless it may be ungoverned', async () => {
    model.play({ json: { value: 'ek_1' } });
    await expect(wrapped().client.realtime.clientSecrets.create({})).rejects.toThrow('allowUngoverned');
    expect(model.requests).toEqual([]);
    const { client, governor } = wrapped({ allowUngoverned: true });
    await client.realtime.clientSecrets.create({});
    expect(governor.asked).toHaveLength(1);
  });

  it('says in the words of the client that a call was aborted while it was decided', async () => {
    model.play(answering({ content: 'hi' }));
    const aborting = new AbortController();
    const { client } = wrapped({ noting: { beforeDecision: () => aborting.abort() } });
    await expect(client.chat.completions.create(hello, { signal: aborting.signal })).rejects.toBeInstanceOf(APIUserAbortError);
    expect(model.requests).toEqual([]);
  });

  it('runs tools as often as they are allowed, and says what blocked them', async () => {
    const runs: unknown[] = [];
    const tool = {
      type: 'function' as const,
      function: { name: 'add', parameters: {}, description: 'adds', parse: JSON.parse, function: (args: unknown) => `sum ${runs.push(args)}` },
    };
    model.play(calling('add', { a: 1 }), answering({ content: 'done' }));
    expect(
      await wrapped()
        .client.chat.completions.runTools({ ...hello, tools: [tool] })
        .finalContent(),
    ).toBe('done');
    expect(runs).toEqual([{ a: 1 }]);
    model.play(calling('add', { a: FORBIDDEN }));
    const blocked = wrapped()
      .client.chat.completions.runTools({ ...hello, tools: [tool] })
      .finalContent();
    const error: unknown = await blocked.catch((thrown: unknown) => thrown);
    expect(findBlocked(error)).toBeInstanceOf(MastGuardBlockedError);
    expect(runs).toHaveLength(1);
  });

  it('streams through the helper as the bare client does', async () => {
    model.play({ frames: chatFrames({ text: 'one two three', calls: [{ name: 'add', args: { a: 1 } }] }) });
    const seen = async (client: OpenAI): Promise<unknown> => {
      const events: unknown[] = [];
      const stream = client.chat.completions.stream(hello);
      stream.on('content', (delta) => void events.push(delta)).on('tool_calls.function.arguments.done', (done) => void events.push(done));
      return [await stream.finalChatCompletion(), events];
    };
    expect(await seen(wrapped().client)).toEqual(await seen(bare));
  });

  it('is not wrapped twice, and nothing else is wrapped', () => {
    expect(() => wrapOpenAI(wrapped().client, { governor: notingGovernor() })).toThrow('governed already');
    expect(() => wrapOpenAI({ baseURL: '', withOptions: () => ({}) }, { governor: notingGovernor() })).toThrow(TypeError);
    expect(() => wrapped({ windowChars: 0 })).toThrow(RangeError);
  });
});
