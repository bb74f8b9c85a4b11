import { attempt, noticedResponse } from '../noticed.ts';
import { ask, type AnthropicBehaviour, WEATHER } from './scene.ts';

/** Calls that answer once. */
export const ANSWERS: readonly AnthropicBehaviour[] = [
  {
    name: 'messages.create',
    async run({ client, question }) {
      const said = await client.messages.create(ask('says:It is noon.', question()));
      const tools = [{ name: 'get_weather', input_schema: WEATHER }];
      const called = await client.messages.create({ ...ask('calls:get_weather({"city":"Bern"})', question()), tools });
      const thought = await client.messages.create(ask('thinks:It is day.', question()));
      return { said, called, thought, requestId: (said as unknown as Record<string, unknown>)['_request_id'], keys: Object.keys(said) };
    },
  },
  {
    name: 'beta.messages.create',
    async run({ client, question, requests }) {
      const said = await client.beta.messages.create({ ...ask('says:It is noon.', question()), betas: ['context-management-2025-06-27'] });
      return { said, beta: requests[0]?.headers['anthropic-beta'], url: requests[0]?.url };
    },
  },
  {
    name: 'messages.countTokens',
    run: async ({ client, question }) => client.messages.countTokens({ model: 'claude-sonnet-4-6', messages: ask('', question()).messages }),
  },
  {
    name: 'messages.batches.create',
    async run({ client, question }) {
      const requests = [1, 2].map((number) => ({ custom_id: `request-${number}`, params: ask('claude-sonnet-4-6', question()) }));
      return client.messages.batches.create({ requests });
    },
  },
  {
    name: 'withResponse',
    async run({ client, question }) {
      const { data, response, request_id: requestId } = await client.messages.create(ask('says:It is noon.', question())).withResponse();
      return { data, requestId, response: noticedResponse(response) };
    },
  },
  {
    name: 'asResponse',
    async run({ client, question }) {
      const response = await client.messages.create(ask('says:It is noon.', question())).asResponse();
      const streamed = await client.messages.create({ ...ask('says:It is noon.', question()), stream: true }).asResponse();
      return { seen: noticedResponse(response), json: await response.json(), streamed: noticedResponse(streamed), text: await streamed.text() };
    },
  },
  {
    name: 'raw client.post',
    run: ({ client, sdk, question }) => attempt(sdk, () => client.post('/v1/messages', { body: ask('says:It is noon.', question()) })),
  },
];
