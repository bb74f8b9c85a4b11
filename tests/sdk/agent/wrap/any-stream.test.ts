import * as fc from 'fast-check';
import { MastGuardBlockedError } from '../../../../sdk/agent/src/blocked-error.ts';
import { adapterOf } from '../../../../sdk/agent/src/wrap/adapter-of.ts';
import type { BodySource, ByteReader } from '../../../../sdk/agent/src/wrap/body-source.ts';
import { governStream } from '../../../../sdk/agent/src/wrap/governed-stream.ts';
import { tapResponse } from '../../../../sdk/agent/src/wrap/response-tap.ts';
import type { AnswerSettings, OpenCall } from '../../../../sdk/agent/src/wrap/open-call.ts';
import { FORBIDDEN, type NotingGovernor, notingGovernor } from '../../../support/noting-governor.ts';
import { chatFrames, messageFrames, responseFrames, textOfEvents } from '../../../support/streaming-model.ts';

const apis = { '/chat/completions': chatFrames, '/messages': messageFrames, '/responses': responseFrames };

const openCall = (path: string, governor: NotingGovernor, settings: Partial<AnswerSettings> = {}): OpenCall => ({
  governor,
  facts: { operation: 'chat', provider: 'any', model: 'm-1', path },
  adapter: adapterOf(path),
  settings: { stream: 'window', windowChars: FORBIDDEN.length, onBlockedStream: 'throw', toolCalls: 'govern', ...settings },
});

/** Bytes in pieces of any size. */
function readerOf(text: string, sizes: readonly number[]): ByteReader {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  let turn = 0;
  return {
    read: async () => (at >= bytes.length ? undefined : bytes.subarray(at, (at += sizes[turn++ % sizes.length] ?? 1))),
    cancel: () => void (at = bytes.length),
  };
}

async function drain(source: BodySource): Promise<{ text: string; error: unknown }> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (let bytes = await source.pull(); bytes !== undefined; bytes = await source.pull()) text += decoder.decode(bytes, { stream: true });
    return { text, error: undefined };
  } catch (error) {
    return { text, error };
  }
}

/** By line feeds alone: a text may hold other ends of lines, such as U+2028. */
const eventsIn = (text: string): string[] => text.split('\n').flatMap((line) => (line.startsWith('data: {') ? [line.slice('data: '.length)] : []));

const anySizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 });
const anyWords = fc.string({ unit: 'grapheme', maxLength: 300 });

describe.each(Object.entries(apis))('any stream of %s', (path, framesOf) => {
  it('goes out byte for byte where it passes, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(anyWords, anyWords, anySizes, fc.integer({ min: 1, max: 20 }), async (text, thinking, sizes, pieceChars) => {
        const sent = framesOf({ text, thinking, pieceChars, calls: [{ name: 'add', args: { text } }] }).join('');
        expect(await drain(governStream(readerOf(sent, sizes), openCall(path, notingGovernor())))).toEqual({ text: sent, error: undefined });
      }),
      { numRuns: 60 },
    );
  });

  it('lets nothing out of a blocked phrase, wherever it stands and however it is cut, and is recorded once', async () => {
    await fc.assert(
      fc.asyncProperty(anyWords, anyWords, anySizes, fc.integer({ min: 1, max: 20 }), fc.boolean(), async (before, after, sizes, pieceChars, inThoughts) => {
        const said = `${before}${FORBIDDEN}${after}`;
        const sent = framesOf({ ...(inThoughts ? { thinking: said, text: 'x' } : { text: said }), pieceChars }).join('');
        const governor = notingGovernor();
        const { text, error } = await drain(governStream(readerOf(sent, sizes), openCall(path, governor)));
        expect(error).toBeInstanceOf(MastGuardBlockedError);
        expect(before.startsWith(textOfEvents(eventsIn(text)))).toBe(true);
        expect(governor.observed).toMatchObject([{ metadata: { finish: 'blocked' } }]);
      }),
      { numRuns: 100, examples: [['before\u2028', 'after', [50], 7, false]] },
    );
  });
});

it.each(Object.entries(apis).flatMap(([path, framesOf]) => (['text', 'thinking'] as const).map((member) => ({ path, framesOf, member }))))(
  'of a stream of $path whose $member is blocked in the middle all goes out that is further from the phrase than a window and a check',
  async ({ path, framesOf, member }) => {
    const before = Array.from({ length: 200 }, (_, index) => `w${String(index).padStart(4, '0')} `).join('');
    const sent = framesOf({ [member]: `${before}${FORBIDDEN} ${before}`, pieceChars: 5 });
    // One frame at a time.
    const sizes = sent.map((frame) => Buffer.byteLength(frame));
    const { text, error } = await drain(governStream(readerOf(sent.join(''), sizes), openCall(path, notingGovernor(), { windowChars: 64 })));
    expect(error).toBeInstanceOf(MastGuardBlockedError);
    expect(textOfEvents(eventsIn(text)).length).toBeGreaterThan(before.length - 64 - 32);
    expect(before.startsWith(textOfEvents(eventsIn(text)))).toBe(true);
  },
);

describe('a stream', () => {
  const frames = chatFrames({ text: 'one two three' }).join('');

  it('that is taken and never read is recorded, and can still be read', async () => {
    const governor = notingGovernor();
    const response = new Response(frames, { headers: { 'content-type': 'text/event-stream' } });
    const tapped = tapResponse(response, openCall('/chat/completions', governor), { idleMs: 1 });
    while (governor.observed.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(governor.observed).toMatchObject([{ metadata: { finish: 'unread' } }]);
    expect(await tapped.text()).toBe(frames);
  });

  it('whose window does not pass here, but with MastGuard, goes on', async () => {
    const governor = notingGovernor();
    const lenient = { ...governor, permit: async (...[draft]: Parameters<typeof governor.permit>) => governor.permit({ ...draft, content: 'reviewed' }) };
    const sent = chatFrames({ text: `before ${FORBIDDEN} ${'after '.repeat(20)}` }).join('');
    const { text, error } = await drain(governStream(readerOf(sent, [50]), { ...openCall('/chat/completions', governor), governor: lenient }));
    expect({ text, error }).toEqual({ text: sent, error: undefined });
    expect(governor.asked).toHaveLength(2);
  });

  it('that goes on with a tool call behind its end is an error', async () => {
    const [, begin = '', args = '', end = ''] = chatFrames({ calls: [{ name: 'add', args: {} }] });
    const sent = [begin, args, end, args].join('');
    const { text, error } = await drain(governStream(readerOf(sent, [10_000]), openCall('/chat/completions', notingGovernor())));
    expect({ text, error }).toEqual({ text: '', error: expect.objectContaining({ message: expect.stringContaining('after the end') as string }) as Error });
  });

  describe('with a tool call', () => {
    const events = (...data: object[]): string => data.map((each) => `data: ${JSON.stringify(each)}\n\n`).join('');
    const chatPieces = (...pieces: object[]): string =>
      events(...pieces.map((piece) => ({ choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: piece }] } }] })), {
        choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }],
      });
    const itemEnds = (...items: object[]): string =>
      events(...items.map((item) => ({ type: 'response.output_item.done', output_index: 0, item: { type: 'function_call', call_id: 'c1', ...item } })));
    const govern = async (path: string, sent: string) => {
      const governor = notingGovernor();
      const drained = await drain(governStream(readerOf(sent, [10_000]), openCall(path, governor)));
      return { ...drained, asked: governor.asked.map(({ tool }) => tool) };
    };

    it('whose every piece has its name is governed by that name', async () => {
      const sent = chatPieces({ name: 'send_email', arguments: '{"to":' }, { name: 'send_email', arguments: '"ann"' }, { arguments: '}' }, { name: '' });
      expect(await govern('/chat/completions', sent)).toEqual({ text: sent, error: undefined, asked: [{ name: 'send_email', args: { to: 'ann' } }] });
    });

    it('whose name comes late is governed by that name', async () => {
      const sent = chatPieces({ arguments: '{' }, { name: 'send_email', arguments: '}' });
      expect(await govern('/chat/completions', sent)).toMatchObject({ error: undefined, asked: [{ name: 'send_email' }] });
    });

    it.each<[string, string, string]>([
      ['that changes its name on the way', '/chat/completions', chatPieces({ name: 'send', arguments: '{' }, { name: '_email', arguments: '}' })],
      ['that is told again with another name', '/responses', itemEnds({ name: 'add', arguments: '{}' }, { name: 'send_email', arguments: '{}' })],
      [
        'that is told again with other arguments',
        '/responses',
        itemEnds({ name: 'add', arguments: '{}' }) +
          events({ type: 'response.completed', response: { output: [{ type: 'function_call', name: 'add', arguments: '{"a":1}' }] } }),
      ],
      [
        'in the place of another one',
        '/messages',
        events(
          ...['add', 'send_email'].flatMap((name) => [
            { type: 'content_block_start', index: 0, content_block: { type: 'tool_use', name, input: {} } },
            { type: 'content_block_stop', index: 0 },
          ]),
        ),
      ],
    ])('%s is an error, and nobody sees it', async (_what, path, sent) => {
      const { text, error } = await govern(path, sent);
      expect(error).toMatchObject({ message: expect.stringContaining('a tool call') as string });
      expect(text).toBe('');
    });
  });

  it('of several choices keeps them apart', async () => {
    const both = ['FORB', 'IDDEN and more '.repeat(10)].map((content, turn) =>
      [0, 1]
        .map((index) => `data: ${JSON.stringify({ choices: [{ index, delta: { content: index === 1 ? content : `fine ${turn} `.repeat(9) } }] })}\n\n`)
        .join(''),
    );
    const { text, error } = await drain(governStream(readerOf(both.join(''), [30]), openCall('/chat/completions', notingGovernor())));
    expect(error).toBeInstanceOf(MastGuardBlockedError);
    expect(text).toContain('fine 0');
    expect(text).not.toMatch(/FORB|IDDEN/);
    expect(text).toContain('"index":0,"delta":{},"finish_reason":"content_filter"');
  });

  it('of an API that is not known is checked by all its texts', async () => {
    const sent = [`data: {"id":"x","delta":"${'fine '.repeat(20)}"}\n\n`, `data: {"id":"x","delta":"${FORBIDDEN}"}\n\n`].join('');
    const { text, error } = await drain(governStream(readerOf(sent, [40]), openCall('/threads/thread_1/runs', notingGovernor())));
    expect(error).toBeInstanceOf(MastGuardBlockedError);
    expect(text).not.toContain(FORBIDDEN);
  });
});
