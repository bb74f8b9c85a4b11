import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import type { LedgerPrimitives } from '../core/ledger/verify/primitives.ts';

/** Making a key of its bytes costs as much as using it. */
const keys = new Map<string, KeyObject | undefined>();

/** Hashes and signatures by Node, for what proves and verifies ledgers in the product. */
export const ledgerPrimitives: LedgerPrimitives = {
  sha256: (bytes) => hash('sha256', bytes, 'buffer'),
  sha256Hex: (text) => hash('sha256', text),
  verify(publicKey, message, signature) {
    const key = keyOf(Buffer.from(publicKey).toString('base64url'));
    return key !== undefined && signature.length === 64 && verify(null, message, key, signature);
  },
};

/** Undefined for bytes that are no key. */
function keyOf(x: string): KeyObject | undefined {
  if (keys.has(x)) return keys.get(x);
  let key: KeyObject | undefined;
  try {
    key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  } catch {
    key = undefined;
  }
  keys.set(x, key);
  return key;
}
