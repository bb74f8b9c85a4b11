import { attempt, collected, eventually, noticedResponse } from '../noticed.ts';
import { ask, type AnthropicBehaviour } from './scene.ts';

export const STREAMS: readonly AnthropicBehaviour[] = [
  {
    name: 'stream iteration',
    async run({ client, question }) {
      const said = await client.messages.create({ ...ask('says:It is noon, and the sun is out.', question()), stream: true });
      const called = await client.messages.create({ ...ask('calls:get_weather({"city":"Bern"})', question()), stream: true });
      const thought = await client.messages.create({ ...ask('thinks:It is day.', question()), stream: true });
      return { said: await collected(said), called: await collected(called), thought: await collected(thought) };
    },
  },
  {
    name: 'streams that end early',
    async run({ client, sdk, question, requests }) {
      const left = await client.messages.create({ ...ask('endless', question()), stream: true });
      let count = 0;
      for await (const event of left) {
        count += event.type === 'content_block_delta' ? 1 : 0;
        if (count > 3) break;
      }
      const abandoned = await eventually(() => requests[0]?.abandoned === true);
      const cut = await attempt(sdk, async () => collected(await client.messages.create({ ...ask('breaks', question()), stream: true })));
      return { count, abandoned, cut };
    },
  },
  {
    name: 'stream.controller',
    async run({ client, question, requests }) {
      const stream = await client.messages.create({ ...ask('endless', question()), stream: true });
      let count = 0;
      for await (const event of stream) {
        count += event.type === 'content_block_delta' ? 1 : 0;
        if (count === 4) stream.controller.abort();
      }
      const isController = stream.controller instanceof AbortController;
      // More may be there already: how much arrives at once is a matter of the network.
      return { isController, went: count >= 4, abandoned: await eventually(() => requests[0]?.abandoned === true) };
    },
  },
  {
    name: 'stream.tee and toReadableStream',
    async run({ client, question }) {
      const [left, right] = (await client.messages.create({ ...ask('says:one two three', question()), stream: true })).tee();
      const { data, response } = await client.messages.create({ ...ask('says:one two three', question()), stream: true }).withResponse();
      const text = await new Response(data.toReadableStream() as ReadableStream).text();
      return { left: await collected(left), right: await collected(right), text, response: noticedResponse(response) };
    },
  },
];
