import { attempt } from '../noticed.ts';
import { chat, type OpenAIBehaviour, withOptions } from './scene.ts';

/** What the client is, and what is made from it. */
export const CLIENTS: readonly OpenAIBehaviour[] = [
  {
    name: 'withOptions and default headers',
    async run({ client, sdk, question, requests }) {
      const other = withOptions(client, { defaultHeaders: { 'x-team': 'billing' }, defaultQuery: { trace: 'on' }, maxRetries: 0, timeout: 60_000 });
      const again = withOptions(other, { maxRetries: 1 });
      const ask = (from: typeof client) => attempt(sdk, () => from.chat.completions.create(chat('says:It is noon.', question())));
      const answers = [await ask(other), await ask(again), await ask(client)];
      const sent = requests.map(({ headers, query }) => ({ team: headers['x-team'], trace: query.get('trace'), timeout: headers['x-stainless-timeout'] }));
      return { answers, sent, set: [other, again, client].map(({ maxRetries, timeout }) => ({ maxRetries, timeout })) };
    },
  },
  {
    name: 'instanceof',
    run({ client, sdk, question }) {
      const other = withOptions(client, {});
      const call = client.chat.completions.create(chat('says:It is noon.', question()));
      const seen = {
        client: client instanceof sdk.OpenAI,
        clone: other instanceof sdk.OpenAI,
        resources: [
          client.chat instanceof sdk.OpenAI.Chat,
          client.responses instanceof sdk.OpenAI.Responses,
          client.embeddings instanceof sdk.OpenAI.Embeddings,
        ],
        promise: call instanceof Promise,
        methods: [typeof call.withResponse, typeof call.asResponse, typeof call.catch, typeof call.finally],
        own: [typeof client.apiKey, client.baseURL.replace(/:\d+/, ''), typeof client.buildURL('/models', {}), Object.keys(client).includes('chat')],
      };
      return call.then(() => seen);
    },
  },
];
