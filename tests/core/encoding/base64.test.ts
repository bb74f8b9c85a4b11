import * as fc from 'fast-check';
import { base64Of, bytesOfBase64 } from '../../../core/encoding/base64.ts';

describe('base64', () => {
  test('bytes come back as they were, written as Node writes them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        expect(base64Of(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        expect(bytesOfBase64(base64Of(bytes))).toEqual(bytes);
      }),
    );
  });

  test.each(['A', 'AA', 'AAA', 'AA=', 'A===', '=AAA', 'AA==AAAA', 'AAA-', 'AAA_', 'AA A', 'AAAA\n', 'AB==', 'AAB='])(
    '%j is not read: bytes have one text',
    (text) => {
      expect(bytesOfBase64(text)).toBeUndefined();
    },
  );
});
