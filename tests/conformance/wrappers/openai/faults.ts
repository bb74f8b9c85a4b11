import { attempt, eventually, unhandledDuring } from '../noticed.ts';
import { chat, type OpenAIBehaviour } from './scene.ts';

/** What happens when something goes wrong. */
export const FAULTS: readonly OpenAIBehaviour[] = [
  {
    name: 'retries and maxRetries',
    async run({ client, sdk, question, requests }) {
      const counted = async (model: string, maxRetries?: number) => {
        const before = requests.length;
        const options = maxRetries === undefined ? {} : { maxRetries };
        const answer = await attempt(sdk, () => client.chat.completions.create(chat(model, question()), options));
        return { answer, attempts: requests.slice(before).map(({ headers }) => headers['x-stainless-retry-count']) };
      };
      return [
        await counted('status:500'),
        await counted('status:500', 0),
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
      for (const status of [400, 401, 403, 404, 409, 422, 429, 500]) {
        errors.push(await attempt(sdk, () => client.chat.completions.create(chat(`status:${status}`, question()), { maxRetries: 0 })));
      }
      errors.push(await attempt(sdk, () => client.chat.completions.create({ ...chat('status:429', question()), stream: true }, { maxRetries: 0 })));
      return errors;
    },
  },
  {
    name: 'timeouts',
    async run({ client, sdk, question, requests }) {
      // The request must have left before, on a machine that stalls as well.
      const once = await attempt(sdk, () => client.chat.completions.create(chat('slow', question()), { timeout: 2_000, maxRetries: 0 }));
      const twice = await attempt(sdk, () => client.responses.create({ model: 'slow', input: question() }, { timeout: 2_000, maxRetries: 1 }));
      return { once, twice, requests: requests.length };
    },
  },
  {
    name: 'abort by signal',
    async run({ client, sdk, question, requests }) {
      const before = await attempt(sdk, () => client.chat.completions.create(chat('says:It is noon.', question()), { signal: AbortSignal.abort() }));
      const none = requests.length;
      const leaving = new AbortController();
      const during = attempt(sdk, () => client.chat.completions.create(chat('slow', question()), { signal: leaving.signal }));
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
        void client.chat.completions.create(chat('status:401', question()));
      }),
  },
];
