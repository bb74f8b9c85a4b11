import * as fc from 'fast-check';
import { createSseDecoder, encodeSse, type SseFrame } from '../../../../sdk/agent/src/wrap/sse.ts';

function decode(bytes: Uint8Array, cuts: readonly number[]): SseFrame[] {
  const decoder = createSseDecoder();
  const frames: SseFrame[] = [];
  let start = 0;
  for (const cut of [...cuts].toSorted((a, b) => a - b)) {
    frames.push(...decoder.push(bytes.subarray(start, cut)));
    start = cut;
  }
  return [...frames, ...decoder.push(bytes.subarray(start)), ...decoder.end()];
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const anyLine = fc.oneof(
  fc
    .tuple(fc.constantFrom('data', 'event', 'id', 'odd', ''), fc.constantFrom(':', ': ', ''), fc.string({ unit: 'grapheme' }))
    .map((parts) => parts.join('').replace(/[\r\n]/g, '')),
  fc.constant(''),
);
const anyStream = fc.array(fc.tuple(anyLine, fc.constantFrom('\n', '\r\n', '\r'))).map((lines) => lines.map((line) => line.join('')).join(''));

describe('server-sent events', () => {
  it('are the same frames however their bytes are cut, and together what was sent', () => {
    fc.assert(
      fc.property(anyStream, fc.array(fc.nat(400)), (text, places) => {
        const bytes = bytesOf(text);
        const cuts = places.map((place) => Math.min(place, bytes.length));
        const frames = decode(bytes, cuts);
        expect(frames).toEqual(decode(bytes, []));
        expect(frames.map(({ raw }) => raw).join('')).toBe(new TextDecoder().decode(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it('come back from how they are written', () => {
    fc.assert(
      fc.property(
        fc.string().map((text) => text.replace(/\r/g, '')),
        (data) => {
          const [frame] = decode(bytesOf(encodeSse({ event: 'message_stop', data })), []);
          expect(frame).toMatchObject({ event: 'message_stop', data });
        },
      ),
    );
  });

  it('have no data where there is only a comment, and keep what no blank line ended', () => {
    expect(decode(bytesOf(': ping\n\ndata: {"a":1}'), [])).toEqual([
      { raw: ': ping\n\n', event: undefined, data: undefined },
      { raw: 'data: {"a":1}', event: undefined, data: '{"a":1}' },
    ]);
  });
});
