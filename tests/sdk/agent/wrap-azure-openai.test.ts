import { AzureOpenAI } from 'openai';
import { MastGuardBlockedError } from '../../../sdk/agent/src/blocked-error.ts';
import { wrapAzureOpenAI } from '../../../sdk/agent/src/wrap-azure-openai.ts';
import { FORBIDDEN, notingGovernor } from '../../support/noting-governor.ts';
import { chatFrames, startStreamingModel, type StreamingModel } from '../../support/streaming-model.ts';

let model: StreamingModel;

beforeAll(async () => {
  model = await startStreamingModel();
});

afterAll(() => model.close());

const azure = (options: { deployment?: string; azureADTokenProvider?: () => Promise<string> } = {}): AzureOpenAI =>
  new AzureOpenAI({
    endpoint: model.url,
    apiVersion: '2026-01-01',
    logLevel: 'off',
    ...(options.azureADTokenProvider === undefined ? { apiKey: 'azure-key' } : {}),
    ...options,
  });

const hello = { model: 'm-1', messages: [{ role: 'user' as const, content: 'hello' }] };
const answer = { choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }] };

describe('a wrapped client of Azure OpenAI', () => {
  it.each([
    ['a key', {}],
    ['a deployment', { deployment: 'd-1' }],
    ['a token', { azureADTokenProvider: async () => 'token-1' }],
  ])('with %s sends what the bare one sends, again after a failure too, and is governed', async (_name, options) => {
    const failure = { status: 500, json: {}, headers: { 'retry-after-ms': '1' } };
    model.play(failure, { json: answer }, failure, { json: answer });
    const bare = azure(options);
    const governor = notingGovernor();
    const client = wrapAzureOpenAI(bare, { governor });
    expect(client).toBeInstanceOf(AzureOpenAI);
    await bare.chat.completions.create(hello);
    await client.chat.completions.create(hello);
    const sent = model.requests.map(({ path, headers, body }) => ({ path, headers: { ...headers, date: null }, body }));
    expect(sent.slice(2)).toEqual(sent.slice(0, 2));
    const asked = 'deployment' in options ? 'd-1' : 'm-1';
    expect(sent[0]?.path).toBe(`/openai/deployments/${asked}/chat/completions?api-version=2026-01-01`);
    expect(governor.asked).toMatchObject([
      { action: 'chat', channel: 'user', metadata: { provider: 'azure.ai.openai', model: asked, path: '/chat/completions' } },
      { action: 'chat', channel: 'agent_message', content: 'hi' },
    ]);
  });

  it('names the model of the body where no deployment is asked', async () => {
    model.play({ json: { output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'hi' }] }] } });
    const governor = notingGovernor();
    await wrapAzureOpenAI(azure({ deployment: 'd-1' }), { governor }).responses.create({ model: 'm-2', input: 'hello' });
    expect(governor.asked[0]).toMatchObject({ metadata: { model: 'm-2' } });
  });

  it('makes copies that go to the same deployment, governed', async () => {
    model.play({ frames: chatFrames({ text: `it is ${FORBIDDEN}` }) });
    const copy = wrapAzureOpenAI(azure({ deployment: 'd-1' }), { governor: notingGovernor() }).withOptions({ maxRetries: 0 });
    const stream = await copy.chat.completions.create({ ...hello, stream: true });
    const reading = (async () => {
      for await (const chunk of stream) expect(JSON.stringify(chunk)).not.toContain('FORB');
    })();
    await expect(reading).rejects.toBeInstanceOf(MastGuardBlockedError);
    expect(model.requests[0]?.path).toContain('/deployments/d-1/chat/completions?api-version=2026-01-01');
  });
});
