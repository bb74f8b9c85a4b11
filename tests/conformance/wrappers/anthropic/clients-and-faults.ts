import { attempt, collected, eventually, unhandledDuring } from '../noticed.ts';
import { ask, type AnthropicBehaviour } from './scene.ts';

export const CLIENTS_AND_FAULTS: readonly AnthropicBehaviour[] = [
  {
    name: 'withOptions and default headers',
    async run({ client, sdk, question, requests }) {
      const other = client.withOptions({ defaultHeaders: { 'x-team': 'billing' }, maxRetries: 0, timeout: 60_000 });
      const again = other.withOptions({ maxRetries: 1 });
      const send = (from: typeof client) => attempt(sdk, () => from.messages.create(ask('says:It is noon.', question())));
      const answers = [await send(other), await send(again), await send(client)];
      const sent = requests.map(({ headers }) => ({ team: headers['x-team'], timeout: headers['x-stainless-timeout'] }));
      return { answers, sent, set: [other, again, client].map(({ maxRetries, timeout }) => ({ maxRetries, timeout })) };
    },
  },
  {
    name: 'instanceof',
    run({ client, sdk, question }) {
      const call = client.messages.create(ask('says:It is noon.', question()));
      const seen = {
        client: client instanceof sdk.Anthropic,
        clone: client.withOptions({}) instanceof sdk.Anthropic,
        resources: [client.messages instanceof sdk.Anthropic.Messages, client.beta instanceof sdk.Anthropic.Beta],
        promise: call instanceof Promise,
        methods: [typeof call.withResponse, typeof call.asResponse, typeof call.catch, typeof call.finally],
        own: [typeof client.apiKey, client.baseURL.replace(/:\d+/, '')],
      };
      return call.then(() => seen);
    },
  },
  {
    name: 'retries and maxRetries',
    async run({ client, sdk, question, requests }) {
      const counted = async (model: string, maxRetries?: number) => {
        const before = requests.length;
        const options = maxRetries === undefined ? {} : { maxRetries };
        const answer = await attempt(sdk, () => client.messages.create(ask(model, question()), options));
        return { answer, attempts: requests.slice(before).map(({ headers }) => headers['x-stainless-retry-count']) };
      };
      return [
        await counted('status:500'),
        await counted('status:529', 0),
        await counted('flaky:500'),
        await counted('flaky:429', 1),
        await counted('status:400'),
      ];
    },
  },
  {
    name: 'typed errors',
    async run({ client, sdk, question }) {
      const errors: unknown[] = [];
      for (const status of [400, 401, 403, 404, 409, 422, 429, 500, 529]) {
        errors.push(await attempt(sdk, () => client.messages.create(ask(`status:${status}`, question()), { maxRetries: 0 })));
      }
      errors.push(await attempt(sdk, () => client.messages.create({ ...ask('status:429', question()), stream: true }, { maxRetries: 0 })));
      return errors;
    },
  },
  {
    name: 'timeouts',
    async run({ client, sdk, question, requests }) {
      // The request must have left before, on a machine that stalls as well.
      const once = await attempt(sdk, () => client.messages.create(ask('slow', question()), { timeout: 2_000, maxRetries: 0 }));
      const twice = await attempt(sdk, () => client.messages.create(ask('slow', question()), { timeout: 2_000, maxRetries: 1 }));
      return { once, twice, requests: requests.length };
    },
  },
  {
    name: 'abort by signal',
    async run({ client, sdk, question, requests }) {
      const before = await attempt(sdk, () => client.messages.create(ask('says:It is noon.', question()), { signal: AbortSignal.abort() }));
      const none = requests.length;
      const leaving = new AbortController();
      const during = attempt(sdk, () => client.messages.create(ask('slow', question()), { signal: leaving.signal }));
      // Or it has failed already.
      await Promise.race([eventually(() => requests.length > none), during]);
      leaving.abort();
      return { before, none, during: await during, abandoned: requests.length > none && (await eventually(() => requests.at(-1)?.abandoned === true)) };
    },
  },
  {
    name: 'a rejection that nobody awaits',
    run: ({ client, sdk, question }) =>
      unhandledDuring(sdk, () => {
        void client.messages.create(ask('status:401', question()));
      }),
  },
  {
    name: 'pagination',
    async run({ client }) {
      const pages: unknown[] = [];
      const first = await client.models.list({ limit: 2 });
      for await (const page of first.iterPages()) pages.push(page.data);
      return { pages, more: first.hasNextPage(), all: await collected(client.models.list({ limit: 2 })) };
    },
  },
];
