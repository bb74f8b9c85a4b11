import { attempt, collected, noticedResponse } from '../noticed.ts';
import { chat, type OpenAIBehaviour, WEATHER } from './scene.ts';

/** Calls that answer once. */
export const ANSWERS: readonly OpenAIBehaviour[] = [
  {
    name: 'create',
    async run({ client, question }) {
      const said = await client.chat.completions.create(chat('says:It is noon.', question()));
      const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters: WEATHER } }];
      const called = await client.chat.completions.create({ ...chat('calls:get_weather({"city":"Bern"})', question()), tools });
      const refused = await client.chat.completions.create(chat('refuses:I will not.', question()));
      return { said, called, refused, requestIds: [requestIdOf(said), requestIdOf(called)], keys: Object.keys(said) };
    },
  },
  {
    name: 'withResponse',
    async run({ client, question }) {
      const { data, response, request_id: requestId } = await client.chat.completions.create(chat('says:It is noon.', question())).withResponse();
      return { data, requestId, response: noticedResponse(response) };
    },
  },
  {
    name: 'asResponse',
    async run({ client, question }) {
      const response = await client.chat.completions.create(chat('says:It is noon.', question())).asResponse();
      const streamed = await client.chat.completions.create({ ...chat('says:It is noon.', question()), stream: true }).asResponse();
      return { seen: noticedResponse(response), json: await response.json(), streamed: noticedResponse(streamed), text: await streamed.text() };
    },
  },
  {
    name: 'responses.create',
    async run({ client, question }) {
      const said = await client.responses.create({ model: 'says:It is noon.', input: question() });
      const called = await client.responses.create({ model: 'calls:get_weather({"city":"Bern"})', input: question() });
      const streamed = await collected(await client.responses.create({ model: 'says:It is noon.', input: question(), stream: true }));
      return { said, text: said.output_text, requestId: requestIdOf(said), called, streamed };
    },
  },
  {
    name: 'embeddings',
    async run({ client, question }) {
      const decoded = await client.embeddings.create({ model: 'text-embedding-3-small', input: [question(), question()] });
      const asIs = await client.embeddings.create({ model: 'text-embedding-3-small', input: question(), encoding_format: 'base64' });
      return { decoded, asIs };
    },
  },
  {
    name: 'raw client.post',
    async run({ client, sdk, question }) {
      const post = (path: string, body: object) => attempt(sdk, () => client.post(path, { body }));
      return [
        await post('/chat/completions', chat('says:It is noon.', question())),
        await post('/completions', { model: 'says:It is noon.', prompt: question() }),
        await attempt(sdk, () => client.request({ method: 'post', path: '/embeddings', body: { model: 'text-embedding-3-small', input: question() } })),
      ];
    },
  },
];

/** Not enumerable, so that it would be lost in the JSON. */
const requestIdOf = (answer: object): unknown => (answer as Record<string, unknown>)['_request_id'];
