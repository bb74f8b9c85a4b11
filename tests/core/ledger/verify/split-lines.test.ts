import * as fc from 'fast-check';
import { decodeInNode } from '../../../../cli/verify/decode.ts';
import { createLineSplitter, decodeUtf8, MAX_LINE_BYTES } from '../../../../core/ledger/verify/split-lines.ts';
import type { Line } from '../../../../core/ledger/verify/split-lines.ts';

function split(chunks: readonly Uint8Array[]): Line[] {
  const splitter = createLineSplitter();
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()];
}

describe('createLineSplitter', () => {
  test('gives the same lines however the bytes are cut into chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 8 })), fc.array(fc.nat(12)), (texts, cuts) => {
        const lines = texts.map((text) => text.replaceAll('\n', ''));
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        const chunks: Uint8Array[] = [];
        let at = 0;
        for (const cut of cuts) chunks.push(bytes.subarray(at, (at += cut)));
        chunks.push(bytes.subarray(at));
        expect(split(chunks)).toEqual(lines);
      }),
    );
  });

  test('keeps nothing of a chunk: its memory may be used again', () => {
    const splitter = createLineSplitter();
    const chunk = Buffer.from('one\ntw');
    expect(splitter.push(chunk)).toEqual(['one']);
    chunk.fill('-');
    expect(splitter.push(Buffer.from('o\n'))).toEqual(['two']);
  });

  test('a byte order mark and a carriage return are text', () => {
    expect(split([Buffer.from('\ufeff{}\r\n')])).toEqual(['\ufeff{}\r']);
  });

  test('a line that is no UTF-8 is undefined, alone', () => {
    expect(split([Buffer.concat([Buffer.from('a\n'), Buffer.of(0xed, 0xa0, 0x80, 0x0a), Buffer.from('b')])])).toEqual(['a', undefined, 'b']);
  });

  test('a line of 16 MiB is read, one byte more is not', () => {
    const chunk = Buffer.alloc(MAX_LINE_BYTES, 'x');
    expect(split([chunk, Buffer.from('\nnext\n')]).map((line) => line?.length)).toEqual([MAX_LINE_BYTES, 4]);
    expect(split([chunk, Buffer.from('x\nnext\n')]).map((line) => line?.length)).toEqual([undefined, 4]);
    expect(split([chunk, Buffer.from('x')])).toEqual([undefined]);
  });
});

test('bytes are decoded in Node as they are everywhere', () => {
  const known = [Buffer.from('ascii'), Buffer.from('\ufeffä€😀'), Buffer.of(0xff), Buffer.of(0xc0, 0x80), Buffer.of(0xed, 0xa0, 0x80), Buffer.alloc(0)];
  for (const bytes of known) expect(decodeInNode(bytes)).toBe(decodeUtf8(bytes));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 6 }), (bytes) => expect(decodeInNode(bytes)).toBe(decodeUtf8(bytes))));
});
