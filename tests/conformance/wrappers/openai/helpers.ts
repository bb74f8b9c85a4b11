import type * as Zod from 'zod';
import type * as ZodHelpers from 'openai/helpers/zod';
import { attempt, collected } from '../noticed.ts';
import { chat, type OpenAIBehaviour, WEATHER } from './scene.ts';

/** What the client builds upon its own calls. */
export const HELPERS: readonly OpenAIBehaviour[] = [
  {
    name: 'chat.completions.stream()',
    async run({ client, sdk, question }) {
      const seen: unknown[] = [];
      const runner = client.chat.completions
        .stream(chat('says:It is noon, and the sun is out.', question()))
        .on('connect', () => seen.push('connect'))
        .on('content.delta', ({ delta, snapshot }) => seen.push({ delta, snapshot }))
        .on('content.done', ({ content }) => seen.push({ content }))
        .on('chunk', () => seen.push('chunk'))
        .on('end', () => seen.push('end'));
      const final = await runner.finalChatCompletion();
      const ended = { content: await runner.finalContent(), usage: await runner.totalUsage(), ended: runner.ended, errored: runner.errored };
      const read = await collected(client.chat.completions.stream(chat('says:one two three', question())));
      const failed = await attempt(sdk, () => client.chat.completions.stream(chat('status:400', question())).done());
      return { seen, final, ...ended, read, failed };
    },
  },
  {
    name: 'responses.stream()',
    async run({ client, question }) {
      const seen: unknown[] = [];
      const runner = client.responses
        .stream({ model: 'says:It is noon.', input: question() })
        .on('response.output_text.delta', ({ delta, snapshot }) => seen.push({ delta, snapshot }))
        .on('response.completed', () => seen.push('completed'));
      const events = await collected(runner);
      const final = await runner.finalResponse();
      return { seen, types: events.map(({ type }) => type), final };
    },
  },
  {
    name: 'parse with a response_format',
    async run({ client, load, question }) {
      const { z } = load('zod') as typeof Zod;
      const { zodResponseFormat, zodTextFormat } = load('helpers/zod') as typeof ZodHelpers;
      const Time = z.object({ hour: z.number() });
      const model = 'says:{"hour":12}';
      const chatted = await client.chat.completions.parse({ ...chat(model, question()), response_format: zodResponseFormat(Time, 'time') });
      const responded = await client.responses.parse({ model, input: question(), text: { format: zodTextFormat(Time, 'time') } });
      const plain = await client.chat.completions.create({ ...chat(model, question()), response_format: { type: 'json_object' } });
      return { parsed: chatted.choices[0]?.message.parsed, chatted, responded: responded.output_parsed, plain };
    },
  },
  {
    name: 'runTools',
    async run({ client, question }) {
      const given: unknown[] = [];
      const tool = {
        type: 'function' as const,
        function: {
          name: 'get_weather',
          description: 'The weather of a city.',
          parameters: structuredClone(WEATHER) as object,
          parse: (text: string) => JSON.parse(text) as object,
          // The answer of a tool is asked of the model as well.
          function: (args: object) => {
            given.push(args);
            return `rain, ${question()}`;
          },
        },
      };
      const body = () => ({ ...chat('calls:get_weather({"city":"Bern"})', question()), tools: [tool] });
      const messages: unknown[] = [];
      const whole = client.chat.completions.runTools(body()).on('message', (message) => messages.push(message));
      const content = await whole.finalContent();
      const streamed = await client.chat.completions.runTools({ ...body(), stream: true }).finalContent();
      return { content, streamed, given, messages, result: await whole.finalFunctionToolCallResult() };
    },
  },
];
