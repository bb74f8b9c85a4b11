import { attempt, collected, eventually, noticedResponse } from '../noticed.ts';
import { chat, type OpenAIBehaviour } from './scene.ts';

/** Streams as `create({ stream: true })` gives them. */
export const STREAMS: readonly OpenAIBehaviour[] = [
  {
    name: 'stream iteration',
    async run({ client, question }) {
      const stream = await client.chat.completions.create({
        ...chat('says:It is noon, and the sun is out.', question()),
        stream: true,
        stream_options: { include_usage: true },
      });
      const tools = await client.chat.completions.create({ ...chat('calls:get_weather({"city":"Bern"})', question()), stream: true });
      return { chunks: await collected(stream), calls: await collected(tools) };
    },
  },
  {
    name: 'streams that end early',
    async run({ client, sdk, question, requests }) {
      const left = await client.chat.completions.create({ ...chat('endless', question()), stream: true });
      let count = 0;
      for await (const chunk of left) {
        count += chunk.choices.length;
        if (count > 3) break;
      }
      const abandoned = await eventually(() => requests[0]?.abandoned === true);
      const cut = await attempt(sdk, async () => collected(await client.chat.completions.create({ ...chat('breaks', question()), stream: true })));
      return { count, abandoned, cut };
    },
  },
  {
    name: 'stream.controller',
    async run({ client, question, requests }) {
      const stream = await client.chat.completions.create({ ...chat('endless', question()), stream: true });
      const isController = stream.controller instanceof AbortController;
      let count = 0;
      for await (const chunk of stream) {
        count += chunk.choices.length;
        if (count === 4) stream.controller.abort();
      }
      // More may be there already: how much arrives at once is a matter of the network.
      return { isController, went: count >= 4, abandoned: await eventually(() => requests[0]?.abandoned === true) };
    },
  },
  {
    name: 'stream.tee',
    async run({ client, question }) {
      const stream = await client.chat.completions.create({ ...chat('says:one two three', question()), stream: true });
      const [left, right] = stream.tee();
      return { left: await collected(left), right: await collected(right), sameController: left.controller === stream.controller };
    },
  },
  {
    name: 'stream.toReadableStream',
    async run({ client, question }) {
      const { data, response } = await client.chat.completions.create({ ...chat('says:one two three', question()), stream: true }).withResponse();
      const readable = data.toReadableStream();
      return {
        isReadable: readable instanceof ReadableStream,
        text: await new Response(readable as ReadableStream).text(),
        response: noticedResponse(response),
      };
    },
  },
];
