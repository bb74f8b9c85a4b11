import { createPublicKey, hash, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { hexOf } from '../../core/encoding/hex.ts';
import { bytesOfLatin1 } from '../../core/encoding/latin1.ts';
import type { LedgerPrimitives } from '../../core/ledger/verify/primitives.ts';

const keys = new Map<string, KeyObject | undefined>();

/** Hashes and signatures by Node's own crypto. */
export const nodePrimitives: LedgerPrimitives = {
  sha256: (bytes) => bytesOfLatin1(hash('sha256', bytes, 'binary')),
  sha256Hex: (text) => hash('sha256', text),
  verify(publicKey, message, signature) {
    const key = keyObject(publicKey);
    return key !== undefined && signature.length === 64 && verify(null, message, key, signature);
  },
};

/** Making one costs as much as using it. Undefined for bytes that are no point of the curve. */
function keyObject(publicKey: Uint8Array): KeyObject | undefined {
  const hex = hexOf(publicKey);
  if (keys.has(hex)) return keys.get(hex);
  const key = importKey(publicKey);
  keys.set(hex, key);
  return key;
}

function importKey(publicKey: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') }, format: 'jwk' });
  } catch {
    return undefined;
  }
}
