import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { MastGuardBlockedError } from '../../../sdk/agent/src/blocked-error.ts';
import { createGovernor, type Governor } from '../../../sdk/agent/src/governor.ts';
import { wrapAnthropic } from '../../../sdk/agent/src/wrap-anthropic.ts';
import { wrapOpenAI } from '../../../sdk/agent/src/wrap-openai.ts';
import { MastGuardClient } from '../../../sdk/compliance/src/client.ts';
import type { PolicySet } from '../../../schemas/policy.ts';
import { patientFetch } from '../../support/patient-fetch.ts';
import { startTestProduct, type TestProduct } from '../../support/product.ts';
import { chatFrames, messageFrames, startStreamingModel, type StreamingModel } from '../../support/streaming-model.ts';
import { until } from '../../support/until.ts';

const LEVEL = { reviewers: { roles: ['Reviewer' as const] }, withinMs: 600_000 };
const POLICY: PolicySet = {
  rules: [
    { id: 'refunds', priority: 10, when: { actions: ['refund'] }, effect: 'hitl', review: { levels: [LEVEL], allowEdit: true }, reason: 'people decide' },
    { id: 'word', priority: 20, when: { condition: 'has(event.content) && event.content.contains("xyzzy")' }, effect: 'block', reason: 'that word' },
  ],
};

let product: TestProduct;
let model: StreamingModel;
let mg: MastGuardClient;
let reviewer: MastGuardClient;
beforeAll(async () => {
  product = await startTestProduct({ policy: POLICY });
  model = await startStreamingModel();
  const clientOf = (apiKey: string) => new MastGuardClient({ apiKey, baseUrl: product.apiUrl, fetch: patientFetch });
  mg = clientOf(product.apiKey);
  reviewer = clientOf(await product.keyOfMember('ann', 'Reviewer'));
});
afterAll(async () => {
  await model.close();
  await product.stop();
});

const governorOf = (agentId: string): Governor => createGovernor({ client: mg, agentId, deadlineMs: 120_000 });
const openai = (governor: Governor): OpenAI => wrapOpenAI(new OpenAI({ apiKey: 'sk-test', baseURL: model.url, maxRetries: 0, logLevel: 'off' }), { governor });
const anthropic = (governor: Governor): Anthropic =>
  wrapAnthropic(new Anthropic({ apiKey: 'sk-test', baseURL: model.url, maxRetries: 0, logLevel: 'off' }), { governor });

const eventsOf = async (agentId: string) => {
  const found = [];
  for await (const event of mg.governance.events.list({ agentId })) found.push(event);
  return found.toSorted((a, b) => a.seq - b.seq);
};

const asking = (content: string) => ({ model: 'm-1', messages: [{ role: 'user' as const, content }] });

const answering = (content: string) => ({
  json: { choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }], usage: { total_tokens: 7 } },
});

test('question and answer stand in the ledger, and what the policy forbids goes neither way', async () => {
  const client = openai(governorOf('asker'));
  model.play(answering('a word'), answering('the word is xyzzy'));
  await client.chat.completions.create(asking('what is the word?'));
  await expect(client.chat.completions.create(asking('again?'))).rejects.toMatchObject({
    decision: { value: 'BLOCK', source: 'server', policy: { ruleId: 'word' } },
  });
  await expect(client.chat.completions.create(asking('is it xyzzy?'))).rejects.toBeInstanceOf(MastGuardBlockedError);
  expect(model.requests).toHaveLength(2);
  expect((await eventsOf('asker')).map(({ action, value }) => [action, value])).toEqual([
    ['chat', 'ALLOW'],
    ['chat', 'ALLOW'],
    ['chat', 'ALLOW'],
    ['chat', 'BLOCK'],
    ['chat', 'BLOCK'],
  ]);
});

test('all that a long and odd conversation brings is taken, whatever its length, its characters and its parts', async () => {
  const client = openai(governorOf('talker'));
  model.play({ json: { choices: [{ index: 0, message: { role: 'assistant', content: 'ok \u0000 \uD800 \u{1F600}' }, finish_reason: 'stop' }] } });
  const call = { id: 'call_1', type: 'function' as const, function: { name: 'read', arguments: '{}' } };
  await client.chat.completions.create({
    model: 'm-1',
    messages: [
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'call_1', content: 'line\u0000 of a file\n'.repeat(6_000) },
      {
        role: 'user',
        content: [
          { type: 'text', text: '\u{1F600}'.repeat(30_000) },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
        ],
      },
    ],
  });
  const events = await eventsOf('talker');
  expect(events.length).toBeGreaterThan(5);
  expect(events.filter(({ action }) => action === 'tool_result').length).toBeGreaterThan(1);
});

test('a streamed tool call waits for its reviewers, and goes out with the arguments they have put in place', async () => {
  model.play({ frames: messageFrames({ text: 'I shall.', calls: [{ name: 'refund', args: { amount: 900 } }] }) });
  const stream = anthropic(governorOf('payer')).messages.stream({ ...asking('refund it'), max_tokens: 10 });
  const review = await until(async () => {
    for await (const each of reviewer.hitl.queue()) return each;
    return undefined;
  });
  await reviewer.hitl.decide(review.id, { verb: 'edit', args: { amount: 9 } });
  expect((await stream.finalMessage()).content).toMatchObject([{ text: 'I shall.' }, { name: 'refund', input: { amount: 9 } }]);
});

test('a stream whose reader leaves is in the ledger with what went out', async () => {
  const governor = governorOf('leaver');
  model.play({ frames: chatFrames({ text: 'some words '.repeat(100) }), after: 'go-on' });
  for await (const chunk of await openai(governor).chat.completions.create({ ...asking('go'), stream: true })) {
    if (chunk.choices[0]?.delta.content?.includes('words') === true) break;
  }
  expect(await governor.flush({ timeoutMs: 120_000 })).toEqual({ waiting: 0 });
  const events = await eventsOf('leaver');
  expect(events.map(({ action }) => action)).toEqual(['chat', 'chat']);
});
