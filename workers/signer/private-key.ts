import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { hexOf } from '../../core/encoding/hex.ts';
import type { Ed25519Sign } from '../../core/ledger/note.ts';
import { sha256 } from '../../db/ledger-primitives.ts';

export interface SigningKey {
  /** 16 hex digits of the public key's hash: what files and states call it. */
  id: string;
  publicKey: Uint8Array;
  sign: Ed25519Sign;
}

/** A new private key, PKCS#8 in PEM. */
export const newPrivateKeyPem = (): string => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** @throws Error when the text is no Ed25519 private key */
export function readPrivateKeyPem(pem: string): SigningKey {
  const privateKey = createPrivateKey(pem);
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error(`a ${privateKey.asymmetricKeyType ?? 'unknown'} key is no signing key`);
  const publicKey = Buffer.from(createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '', 'base64url');
  return { id: hexOf(sha256(publicKey)).slice(0, 16), publicKey, sign: (message) => sign(null, message, privateKey) };
}
