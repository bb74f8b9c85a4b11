/**
 * SHA-256 (FIPS 180-4). Ours, because `verify` of webhooks is synchronous: WebCrypto is not, and `node:crypto` is not on every edge.
 * @returns 32 bytes
 */
export function sha256(message: Uint8Array): Uint8Array {
  const { initial, round } = (constants ??= deriveConstants());
  const { length } = message;
  const padded = new Uint8Array(((length + 8) >> 6) * 64 + 64);
  padded.set(message);
  padded[length] = 0x80;
  const input = new DataView(padded.buffer);
  input.setUint32(padded.length - 8, Math.floor(length / 2 ** 29));
  input.setUint32(padded.length - 4, (length << 3) >>> 0);

  const hash = initial.slice();
  // A view rather than an array: what it reads is always a number.
  const schedule = new DataView(new ArrayBuffer(256));
  const word = (index: number): number => schedule.getUint32(index * 4);
  for (let block = 0; block < padded.length; block += 64) {
    let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = hash;
    for (let index = 0; index < 64; index += 1) {
      const fresh =
        index < 16 ? input.getUint32(block + index * 4) : smallSigma1(word(index - 2)) + word(index - 7) + smallSigma0(word(index - 15)) + word(index - 16);
      schedule.setUint32(index * 4, fresh);
      const t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + (round[index] ?? 0) + word(index);
      const t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
    }
    for (const [index, value] of [a, b, c, d, e, f, g, h].entries()) hash[index] = (hash[index] ?? 0) + value;
  }

  const digest = new DataView(new ArrayBuffer(32));
  for (const [index, value] of hash.entries()) digest.setUint32(index * 4, value);
  return new Uint8Array(digest.buffer);
}

/** RFC 2104 over SHA-256. */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  const block = new Uint8Array(64);
  block.set(key.length > 64 ? sha256(key) : key);
  const padded = (byte: number): Uint8Array => block.map((value) => value ^ byte);
  return sha256(concat(padded(0x5c), sha256(concat(padded(0x36), message))));
}

export function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

const rotate = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits));
const smallSigma0 = (word: number): number => rotate(word, 7) ^ rotate(word, 18) ^ (word >>> 3);
const smallSigma1 = (word: number): number => rotate(word, 17) ^ rotate(word, 19) ^ (word >>> 10);

let constants: { initial: Uint32Array; round: Uint32Array } | undefined;

/** The first 32 bits of the fractional parts of the square roots of the first 8 primes, and of the cube roots of the first 64. */
function deriveConstants(): { initial: Uint32Array; round: Uint32Array } {
  const primes: number[] = [];
  for (let candidate = 2; primes.length < 64; candidate += 1) if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  const fraction = (root: number): number => (root % 1) * 2 ** 32;
  return {
    initial: Uint32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime))),
    round: Uint32Array.from(primes, (prime) => fraction(Math.cbrt(prime))),
  };
}
