import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { MastGuardBlockedError } from '../../../../sdk/agent/src/blocked-error.ts';
import { wrapAnthropic } from '../../../../sdk/agent/src/wrap-anthropic.ts';
import { wrapOpenAI } from '../../../../sdk/agent/src/wrap-openai.ts';
import type { WrapOptions } from '../../../../sdk/agent/src/wrap-options.ts';
import { FORBIDDEN, type NotingGovernor, notingGovernor, type NotingOptions } from '../../../support/noting-governor.ts';
import {
  chatFrames,
  messageFrames,
  type ModelTurn,
  responseFrames,
  startStreamingModel,
  type StreamingModel,
  textOfEvents,
} from '../../../support/streaming-model.ts';

interface Sent extends AsyncIterable<unknown> {
  controller: AbortController;
}

let model: StreamingModel;
const user = { role: 'user' as const, content: 'go' };

interface Api {
  frames: (turn: ModelTurn) => string[];
  open: (options: WrapOptions) => Promise<Sent>;
  /** Of an event that ends a filtered answer. */
  filtered: string;
}

const apis: Record<string, Api> = {
  'chat completions': {
    frames: chatFrames,
    open: (options) =>
      wrapOpenAI(new OpenAI({ apiKey: 'sk-test', baseURL: `${model.url}/v1`, maxRetries: 0, logLevel: 'off' }), options).chat.completions.create({
        model: 'm-1',
        messages: [user],
        stream: true,
      }),
    filtered: '"finish_reason":"content_filter"',
  },
  responses: {
    frames: responseFrames,
    open: (options) =>
      wrapOpenAI(new OpenAI({ apiKey: 'sk-test', baseURL: `${model.url}/v1`, maxRetries: 0, logLevel: 'off' }), options).responses.create({
        model: 'm-1',
        input: [user],
        stream: true,
      }),
    filtered: '"incomplete_details":{"reason":"content_filter"}',
  },
  messages: {
    frames: messageFrames,
    open: (options) =>
      wrapAnthropic(new Anthropic({ apiKey: 'sk-test', baseURL: model.url, maxRetries: 0, logLevel: 'off' }), options).messages.create({
        model: 'm-1',
        max_tokens: 100,
        messages: [user],
        stream: true,
      }),
    filtered: '"stop_reason":"refusal"',
  },
};

beforeAll(async () => {
  model = await startStreamingModel();
});

afterAll(() => model.close());

interface Read {
  events: string[];
  error: unknown;
}

async function readAll(stream: Sent): Promise<Read> {
  const events: string[] = [];
  try {
    for await (const event of stream) events.push(JSON.stringify(event));
    return { events, error: undefined };
  } catch (error) {
    return { events, error };
  }
}

const open = async (api: Api, { noting, ...options }: WrapOptions & { noting?: NotingOptions } = {}): Promise<{ stream: Sent; governor: NotingGovernor }> => {
  const governor = notingGovernor(noting);
  return { stream: await api.open({ governor, ...options }), governor };
};

const manyWords = (count: number, from = 0): string => Array.from({ length: count }, (_, index) => `w${String(from + index).padStart(4, '0')} `).join('');

const framesAsSent = (frames: readonly string[]): string[] =>
  frames.flatMap((frame) => {
    const data = /^data: (.*)$/m.exec(frame)?.[1] ?? '';
    return data === '[DONE]' || data.includes('"type":"ping"') ? [] : [JSON.stringify(JSON.parse(data))];
  });

describe.each(Object.entries(apis))('a governed stream of %s', (_name, api) => {
  it.each(['window', 'buffer', 'observe'] as const)('is, where all passes, what the model sent: %s', async (mode) => {
    const frames = api.frames({
      thinking: manyWords(30),
      text: manyWords(120, 1_000),
      calls: [
        { name: 'add', args: { a: 1 } },
        { name: 'del', args: { b: [2] } },
      ],
    });
    model.play({ frames });
    const { stream, governor } = await open(api, { stream: mode });
    const { events, error } = await readAll(stream);
    expect(error).toBeUndefined();
    expect(events).toEqual(framesAsSent(frames));
    const told = mode === 'observe' ? governor.observed : governor.asked.slice(1);
    expect(told.filter(({ tool }) => tool !== undefined)).toMatchObject([
      { tool: { name: 'add', args: { a: 1 } } },
      { tool: { name: 'del', args: { b: [2] } } },
    ]);
    expect(told.filter(({ channel }) => channel === 'agent_message')).toMatchObject([{ action: 'chat', metadata: { tokens: 7 } }]);
    expect(textOfEvents(events)).toBe(`${manyWords(30)}${manyWords(120, 1_000)}`);
  });

  it.each(['text', 'thinking'] as const)(
    'lets nothing out of what is blocked in the middle of its %s, ends as its API ends a filtered answer, and throws',
    async (member) => {
      const before = manyWords(200);
      model.play({ frames: api.frames({ [member]: `${before}${FORBIDDEN} ${manyWords(500, 1_000)}`, pieceChars: 5 }), after: 'go-on' });
      const { stream, governor } = await open(api, { windowChars: 64 });
      const { events, error } = await readAll(stream);
      expect(error).toBeInstanceOf(MastGuardBlockedError);
      // How much exactly hangs on how many frames come at once, which is the network's business: `any-stream.test.ts` has them one by one.
      expect(textOfEvents(events).length).toBeGreaterThan(before.length / 2);
      expect(before.startsWith(textOfEvents(events))).toBe(true);
      expect(events.join('')).not.toMatch(/FORB/);
      expect(events.some((event) => event.includes(api.filtered))).toBe(true);
      await model.left(1);
      expect(governor.observed).toMatchObject([{ channel: 'agent_message', metadata: { finish: 'blocked' } }]);
      const [{ content = '' } = {}] = governor.observed;
      expect(before.startsWith(content)).toBe(true);
    },
  );

  it('just ends where an error is not wanted', async () => {
    model.play({ frames: api.frames({ text: `${manyWords(100)}${FORBIDDEN}` }) });
    const { stream } = await open(api, { onBlockedStream: 'end' });
    const { events, error } = await readAll(stream);
    expect(error).toBeUndefined();
    expect(events.join('')).not.toContain('FORB');
    expect(events.some((event) => event.includes(api.filtered))).toBe(true);
  });

  it('lets nothing out of a tool call that is blocked, nor of what follows it', async () => {
    model.play({
      frames: api.frames({
        text: 'I shall.',
        calls: [
          { name: 'wipe_disk', args: { path: FORBIDDEN } },
          { name: 'add', args: {} },
        ],
      }),
    });
    const { stream } = await open(api);
    const { events, error } = await readAll(stream);
    expect(error).toBeInstanceOf(MastGuardBlockedError);
    expect(events.join('')).not.toMatch(/wipe_disk|FORB|"add"/);
    expect(events.some((event) => event.includes(api.filtered))).toBe(true);
  });

  it('carries the arguments that reviewers have put in place, and lets a tool call wait for them', async () => {
    model.play({ frames: api.frames({ calls: [{ name: 'pay', args: { amount: 'everything' } }] }) });
    const { stream } = await open(api, { noting: { changedArgs: { amount: 'nothing' } } });
    const { events, error } = await readAll(stream);
    expect(error).toBeUndefined();
    expect(events.join('')).toContain(String.raw`{\"amount\":\"nothing\"}`);
    expect(events.join('')).not.toMatch(/every|thing\\"\}.*thing\\"\}$/);
  });

  it('holds back what only the whole answer tells', async () => {
    const text = `${manyWords(100)}${FORBIDDEN}`;
    model.play({ frames: api.frames({ text }) });
    const { stream } = await open(api, { noting: { checksWindows: false }, windowChars: 64 });
    const { events, error } = await readAll(stream);
    expect(error).toBeInstanceOf(MastGuardBlockedError);
    expect(text.startsWith(textOfEvents(events))).toBe(true);
    expect(textOfEvents(events).length).toBeGreaterThan(text.length - 128);
    expect(events.join('')).not.toContain('FORB');
  });

  it('lets nothing out before the whole is decided where it is buffered', async () => {
    model.play({ frames: api.frames({ text: `${manyWords(300)}${FORBIDDEN}` }) });
    const { stream } = await open(api, { stream: 'buffer' });
    const { events, error } = await readAll(stream);
    expect(error).toBeInstanceOf(MastGuardBlockedError);
    expect(textOfEvents(events)).toBe('');
  });

  it('is recorded with what went out where its reader leaves, and the model is told', async () => {
    model.play({ frames: api.frames({ text: manyWords(400) }).slice(0, 200), after: 'go-on' });
    const { stream, governor } = await open(api, { windowChars: 16 });
    for await (const event of stream) if (JSON.stringify(event).includes('w0020')) break;
    await model.left(1);
    expect(governor.observed).toMatchObject([{ channel: 'agent_message', metadata: { finish: 'cancelled' } }]);
    expect(governor.observed[0]?.content).toContain('w0020');
    expect(manyWords(400).startsWith(governor.observed[0]?.content ?? '')).toBe(true);
  });

  it('is recorded where it is aborted while nobody reads', async () => {
    model.play({ frames: api.frames({ text: manyWords(400) }).slice(0, 200), after: 'go-on' });
    const { stream, governor } = await open(api, { windowChars: 16 });
    stream.controller.abort();
    await model.left(1);
    expect(governor.observed).toMatchObject([{ metadata: { finish: 'cancelled' } }]);
    expect((await readAll(stream)).error).toBeUndefined();
  });

  it('is recorded where the model breaks off, and says so in the words of the bare client', async () => {
    model.play({ frames: api.frames({ text: manyWords(400) }).slice(0, 300), after: 'cut' });
    const { stream, governor } = await open(api, { windowChars: 16 });
    const { events, error } = await readAll(stream);
    expect(error).toMatchObject({ message: 'terminated' });
    expect(textOfEvents(events).length).toBeGreaterThan(300);
    expect(governor.observed).toMatchObject([{ metadata: { finish: 'error' } }]);
  });

  it('reads no further ahead of a slow reader than the sockets do', async () => {
    const frames = api.frames({ text: manyWords(400) });
    const bulky = frames.map((each) => each + `: ${'x'.repeat(50_000)}\n\n`);
    model.play({ frames: bulky.slice(0, -2), after: 'go-on' });
    const { stream } = await open(api, { windowChars: 16 });
    const iterator = stream[Symbol.asyncIterator]();
    for (let turn = 0; turn < 5; turn++) await iterator.next();
    let before = -1;
    while (before !== model.sentFrames()) {
      before = model.sentFrames();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(before).toBeLessThan(300);
    await iterator.return?.();
    await model.left(1);
  });
});
