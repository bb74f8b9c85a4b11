import * as fc from 'fast-check';
import { decodeBase64 } from '../../../core/detection/base64.ts';

describe('decodeBase64', () => {
  it('gives back any bytes, in either alphabet, with or without padding', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const encoding of ['base64', 'base64url'] as const) expect(decodeBase64(Buffer.from(bytes).toString(encoding))).toEqual(new Uint8Array(bytes));
      }),
    );
  });

  it('refuses other characters and impossible lengths', () => {
    expect(decodeBase64('ab!d')).toBeNull();
    expect(decodeBase64('abcdé')).toBeNull();
    expect(decodeBase64('abcde')).toBeNull();
  });
});
