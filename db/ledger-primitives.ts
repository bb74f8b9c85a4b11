import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { bytesOfLatin1 } from '../core/encoding/latin1.ts';
import type { Sha256, Sha256Hex } from '../core/hashing.ts';
import type { Ed25519Verify } from '../core/ledger/note.ts';
import type { LedgerPrimitives } from '../core/ledger/verify/primitives.ts';

export const sha256: Sha256 = (bytes) => bytesOfLatin1(hash('sha256', bytes, 'binary'));
export const sha256Hex: Sha256Hex = (text) => hash('sha256', text);

/** False also for bytes that are no key, or no signature. */
export const verifyEd25519: Ed25519Verify = (publicKey, message, signature) => {
  const key = keyOf(Buffer.from(publicKey).toString('base64url'));
  return key !== undefined && signature.length === 64 && verify(null, message, key, signature);
};

/** Hashes and signatures by Node, for what signs, proves and verifies ledgers in the product. */
export const ledgerPrimitives: LedgerPrimitives = { sha256, sha256Hex, verify: verifyEd25519 };

/** Making a key of its bytes costs as much as using it. */
const keys = new Map<string, KeyObject | undefined>();

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
