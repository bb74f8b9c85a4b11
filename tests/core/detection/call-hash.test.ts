import * as fc from 'fast-check';
import { callHash, canonicalJson } from '../../../core/detection/call-hash.ts';
import { JsonValue, type Json } from '../../../schemas/json.ts';
import { detectionContext, sha256Hex } from '../../support/detection-context.ts';

const hash = (event: Parameters<typeof detectionContext>[0]): string => callHash(detectionContext(event).event, sha256Hex);

describe('callHash', () => {
  it('is 16 hex characters and does not depend on key order', () => {
    expect(hash({ tool: { name: 'x', args: { a: 1, b: { c: 2, d: 3 } } } })).toMatch(/^[0-9a-f]{16}$/);
    expect(hash({ tool: { name: 'x', args: { b: { d: 3, c: 2 }, a: 1 } } })).toBe(hash({ tool: { name: 'x', args: { a: 1, b: { c: 2, d: 3 } } } }));
  });

  it('tells tools, arguments and actions apart', () => {
    const hashes = [
      hash({ action: 'x' }),
      hash({ action: 'x', metadata: { a: 1 } }),
      hash({ tool: { name: 'x' } }),
      hash({ tool: { name: 'x', args: { a: 1 } } }),
      hash({ tool: { name: 'x', args: { a: '1' } } }),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('tells resources apart, and stays what it was without one, for it stands in sessions', () => {
    const resource = (id: string) => ({ resource: { type: 'customer', id } });
    const hashes = [{ action: 'x' }, { tool: { name: 'x' } }].flatMap((call) => [
      hash(call),
      hash({ ...call, ...resource('c0') }),
      hash({ ...call, ...resource('c1') }),
    ]);
    expect(new Set(hashes).size).toBe(6);
    expect(hash({ action: 'x', resource: { id: 'c0', type: 'customer' } })).toBe(hash({ action: 'x', ...resource('c0') }));
    expect([hash({ action: 'x', metadata: { a: 1 } }), hash({ tool: { name: 'x', args: { a: 1 } } })]).toEqual(['7523f230581ff3ec', '75653d3637d103dd']);
  });

  it('is empty for messages and tool results', () => {
    expect([hash({ content: 'hello' }), hash({ channel: 'user' }), hash({ tool: { name: 'x' }, channel: 'tool_result' })]).toEqual(['', '', '']);
  });
});

describe('canonicalJson', () => {
  it('reads back as the same value', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ depthSize: 'small' }).map((value) => JsonValue.parse(value)),
        (value) => expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value))),
      ),
    );
  });

  it('stands any depth', () => {
    let deep: Json = 1;
    for (let level = 0; level < 50_000; level += 1) deep = [deep];
    expect(canonicalJson(deep).length).toBeLessThan(400);
  });
});
