import { type ModelServer, startModelServer } from './model-server.ts';

let server: ModelServer;
beforeAll(async () => {
  server = await startModelServer();
});
afterAll(() => server.close());

interface Asked {
  model: string;
  stream?: boolean;
  more?: object;
}

const chat = async ({ model, stream = false, more = {} }: Asked, path = '/v1/chat/completions'): Promise<Response> =>
  fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'What is the time?' }], ...more }),
  });
const message = async ({ model, stream = false, more = {} }: Asked): Promise<Response> =>
  fetch(`${server.url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
    body: JSON.stringify({ model, stream, max_tokens: 16, messages: [{ role: 'user', content: 'What is the time?' }], ...more }),
  });

describe('the formats', () => {
  it('answer the same question with the same bytes', async () => {
    const texts = await Promise.all([1, 2].map(async () => (await chat({ model: 'says:noon' })).text()));
    expect(texts[0]).toBe(texts[1]);
    expect(JSON.parse(texts[0] ?? '')).toMatchObject({
      object: 'chat.completion',
      choices: [{ finish_reason: 'stop', message: { content: 'noon', refusal: null } }],
    });
  });

  it('stream chunks that end with [DONE]', async () => {
    const lines = (await (await chat({ model: 'says:one two', stream: true })).text()).trim().split('\n\n');
    const chunks = lines
      .slice(0, -1)
      .map((line) => JSON.parse(line.slice('data: '.length)) as { choices: { delta: { content?: string }; finish_reason: string | null }[] });
    expect(lines.at(-1)).toBe('data: [DONE]');
    expect(chunks.map(({ choices: [choice] }) => choice?.delta.content ?? choice?.finish_reason)).toEqual(['', 'one', ' two', 'stop']);
  });

  it('name the events of Anthropic and of responses', async () => {
    const namesOf = (text: string): string[] => [...text.matchAll(/^event: (.*)$/gm)].map(([, name = '']) => name);
    const names = namesOf(await (await message({ model: 'says:noon', stream: true })).text());
    expect(names).toEqual(['message_start', 'ping', 'content_block_start', 'content_block_delta', 'content_block_stop', 'message_delta', 'message_stop']);
    const responses = namesOf(await (await chat({ model: 'says:noon', stream: true, more: { input: 'What is the time?' } }, '/v1/responses')).text());
    expect([responses.at(0), responses.at(-1)]).toEqual(['response.created', 'response.completed']);
  });

  it('know the addresses of Azure, and the deployment in them', async () => {
    const answer = await chat({ model: 'unused' }, '/openai/deployments/says:noon/chat/completions?api-version=2025-04-01-preview');
    expect(await answer.json()).toMatchObject({ model: 'says:noon', choices: [{ message: { content: 'noon' } }] });
    expect(server.requests.at(-1)).toMatchObject({ vendor: 'azure', route: '/v1/chat/completions', model: 'says:noon' });
  });
});

describe('what a model does', () => {
  it('is to call a tool, until it has been called', async () => {
    const model = 'calls:get_time({"zone":"UTC"})';
    const asked = (await (await message({ model })).json()) as { stop_reason: string; content: object[] };
    expect(asked).toMatchObject({ stop_reason: 'tool_use', content: [{ type: 'tool_use', name: 'get_time', input: { zone: 'UTC' } }] });
    const messages = [{ role: 'assistant', content: asked.content }];
    expect(await (await message({ model, more: { messages } })).json()).toMatchObject({ stop_reason: 'end_turn', content: [{ type: 'text' }] });
  });

  it('is to fail in the words of the vendor, always or once', async () => {
    expect(await (await chat({ model: 'status:429' })).json()).toMatchObject({ error: { code: 'rate_limit_exceeded' } });
    expect(await (await message({ model: 'status:529' })).json()).toMatchObject({ type: 'error', error: { type: 'overloaded_error' } });
    expect([(await chat({ model: 'flaky:500' })).status, (await chat({ model: 'flaky:500' })).status]).toEqual([500, 200]);
  });

  it('is to break off in the middle of a stream', async () => {
    await expect((await chat({ model: 'breaks', stream: true })).text()).rejects.toThrow();
  });

  it('is to go on until the reader leaves, which is noticed', async () => {
    const reader = (await chat({ model: 'endless', stream: true })).body?.getReader();
    await reader?.read();
    await reader?.cancel();
    while (server.requests.at(-1)?.abandoned !== true) await new Promise((resolve) => setTimeout(resolve, 5));
  });
});
