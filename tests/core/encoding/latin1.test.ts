import { hash } from 'node:crypto';
import { bytesOfLatin1 } from '../../../core/encoding/latin1.ts';

test('every byte is one character, whatever it is', () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  expect(bytesOfLatin1(Buffer.from(all).toString('latin1'))).toEqual(all);
  expect(bytesOfLatin1('')).toHaveLength(0);
});

test('a hash comes out as it does in a buffer', () => {
  expect(bytesOfLatin1(hash('sha256', 'abc', 'binary'))).toEqual(new Uint8Array(hash('sha256', 'abc', 'buffer')));
});
