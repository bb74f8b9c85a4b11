const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Base 62 text of an unsigned integer, padded with zeros to `length`. */
export function base62(value: number, length: number): string {
  let text = '';
  for (let rest = value; rest > 0; rest = Math.floor(rest / 62)) text = (DIGITS[rest % 62] ?? '') + text;
  return text.padStart(length, '0');
}

/**
 * Base 62 digits from random bytes, without bias: bytes from 248 up are passed over.
 * `draw` gives that many fresh random bytes.
 */
export function randomBase62(length: number, draw: (count: number) => Uint8Array): string {
  let text = '';
  while (text.length < length) {
    for (const byte of draw(length - text.length)) if (byte < 248) text += DIGITS[byte % 62] ?? '';
  }
  return text;
}
