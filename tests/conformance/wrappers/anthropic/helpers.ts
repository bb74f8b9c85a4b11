import type * as Zod from 'zod';
import type * as ZodHelpers from '@anthropic-ai/sdk/helpers/zod';
import { attempt, collected } from '../noticed.ts';
import { ask, type AnthropicBehaviour, WEATHER } from './scene.ts';

export const HELPERS: readonly AnthropicBehaviour[] = [
  {
    name: 'messages.stream()',
    async run({ client, sdk, question }) {
      const seen: unknown[] = [];
      const stream = client.messages
        .stream(ask('thinks:It is day.', question()))
        .on('connect', () => seen.push('connect'))
        .on('text', (delta, snapshot) => seen.push({ delta, snapshot }))
        .on('thinking', (delta) => seen.push({ thinking: delta }))
        .on('contentBlock', (block) => seen.push(block.type))
        .on('end', () => seen.push('end'));
      const final = await stream.finalMessage();
      const read = await collected(client.messages.stream(ask('says:one two three', question())));
      const failed = await attempt(sdk, () => client.messages.stream(ask('status:400', question())).done());
      return { seen, final, text: await stream.finalText(), requestId: stream.request_id, read, failed };
    },
  },
  {
    name: 'beta.messages.stream()',
    async run({ client, question }) {
      const stream = client.beta.messages.stream(ask('says:It is noon.', question()));
      const events = await collected(stream);
      return { types: events.map(({ type }) => type), final: await stream.finalMessage() };
    },
  },
  {
    name: 'messages.parse',
    async run({ client, load, question }) {
      const { z } = load('zod') as typeof Zod;
      const { zodOutputFormat } = load('helpers/zod') as typeof ZodHelpers;
      const format = zodOutputFormat(z.object({ hour: z.number() }));
      const message = await client.messages.parse({ ...ask('says:{"hour":12}', question()), output_config: { format } });
      return { parsed: message.parsed_output, message };
    },
  },
  {
    name: 'beta.messages.toolRunner',
    async run({ client, question }) {
      const given: unknown[] = [];
      const tool = {
        name: 'get_weather',
        input_schema: WEATHER,
        parse: (input: unknown) => input as { city: string },
        // The answer of a tool is asked of the model as well.
        run: (args: { city: string }) => {
          given.push(args);
          return `rain in ${args.city}, ${question()}`;
        },
      };
      const body = { ...ask('calls:get_weather({"city":"Bern"})', question()), tools: [tool] };
      const whole = await client.beta.messages.toolRunner(body);
      const messages: unknown[] = [];
      for await (const stream of client.beta.messages.toolRunner({ ...body, messages: ask('', question()).messages, stream: true })) {
        messages.push(await stream.finalMessage());
      }
      return { whole, messages, given };
    },
  },
];
