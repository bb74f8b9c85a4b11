import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { formatApiKey, KEY_ID_LENGTH, KEY_SECRET_LENGTH } from '../../core/access/api-key.ts';
import { randomBase62 } from '../../core/access/base62.ts';
import type { KeyMode } from '../../schemas/key.ts';

/** Keeps a stolen table of keys useless: without the pepper nobody can forge a row or test a guess. */
export interface Pepper {
  version: number;
  bytes: Uint8Array;
}

/** @param masterKey at least 32 random bytes, kept outside the database */
export function pepperOf(masterKey: Uint8Array): Pepper {
  if (masterKey.length < 32) throw new RangeError('the master key has fewer than 32 bytes');
  return { version: 1, bytes: new Uint8Array(hkdfSync('sha256', masterKey, '', 'mastguard/api-key-pepper/v1', 32)) };
}

export interface MintedKey {
  id: string;
  /** The secret itself. Show it once, store only `hmac`. */
  key: string;
  hmac: Buffer;
  pepperVersion: number;
}

/** @param draw source of random bytes, for tests */
export function mintApiKey(pepper: Pepper, mode: KeyMode, draw: (count: number) => Uint8Array = randomBytes): MintedKey {
  const id = randomBase62(KEY_ID_LENGTH, draw);
  const key = formatApiKey({ mode, id, secret: randomBase62(KEY_SECRET_LENGTH, draw) });
  return { id, key, hmac: hmacOf(pepper, key), pepperVersion: pepper.version };
}

export function hmacOf(pepper: Pepper, key: string): Buffer {
  return createHmac('sha256', pepper.bytes).update(key).digest();
}

/** Always computes and compares, whatever was found: a key nobody knows costs the same as a wrong one. */
export function keyMatches(pepper: Pepper, key: string, stored: { hmac: Uint8Array; pepperVersion: number } | undefined): boolean {
  const expected = stored?.hmac.length === 32 ? stored.hmac : NOBODY;
  const equal = timingSafeEqual(hmacOf(pepper, key), expected);
  return equal && stored !== undefined && stored.pepperVersion === pepper.version;
}

const NOBODY = randomBytes(32);
