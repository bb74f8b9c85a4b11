import * as fc from 'fast-check';
import { bytesOfHex, hexOf } from '../../../core/encoding/hex.ts';

describe('hex', () => {
  test('bytes come back as they were, written as Node writes them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        expect(hexOf(bytes)).toBe(Buffer.from(bytes).toString('hex'));
        expect(bytesOfHex(hexOf(bytes))).toEqual(bytes);
      }),
    );
  });

  test.each(['0', 'abc', 'AB', '0g', '0x', ' 0', '0\n', '１２'])('%j is not read', (text) => {
    expect(bytesOfHex(text)).toBeUndefined();
  });
});
