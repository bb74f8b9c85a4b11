import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import type { Sha256, Sha256Hex } from '../../core/hashing.ts';
import type { Ed25519Sign, Ed25519Verify } from '../../core/ledger/note.ts';

export const sha256: Sha256 = (bytes) => createHash('sha256').update(bytes).digest();
export const sha256Hex: Sha256Hex = (text) => createHash('sha256').update(text).digest('hex');

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
export const bytesOf = (hex: string): Uint8Array => Buffer.from(hex, 'hex');

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

export const verifyEd25519: Ed25519Verify = (publicKey, message, signature) => {
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') }, format: 'jwk' });
  return verify(null, message, key, signature);
};
