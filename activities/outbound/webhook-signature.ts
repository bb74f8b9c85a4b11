import { createHmac, createPrivateKey, type KeyObject, sign } from 'node:crypto';

/** One pair of keys. More than one while they are being exchanged. */
export interface SigningKeys {
  /** `whsec_` and base64. */
  secret: string;
  /** `whsk_` and the 32 bytes of an Ed25519 seed in base64. */
  signingKey: string;
}

/**
 * Headers of a message as Standard Webhooks has them, with a symmetric (`v1`) and an asymmetric (`v1a`) signature of each pair of keys, and the
 * symmetric ones once more in one header: `x-mastguard-signature: t=<seconds>,id=<id>,v1=<base64>`.
 */
export function signedHeaders({
  id,
  body,
  atSeconds,
  keys,
}: {
  id: string;
  body: string;
  atSeconds: number;
  keys: readonly SigningKeys[];
}): Record<string, string> {
  const text = `${id}.${atSeconds}.${body}`;
  const macs = keys.map(({ secret }) => createHmac('sha256', bytesOf(secret)).update(text).digest('base64'));
  const signatures = keys.map(({ signingKey }) => sign(null, Buffer.from(text), privateKeyOf(bytesOf(signingKey))).toString('base64'));
  return {
    'webhook-id': id,
    'webhook-timestamp': String(atSeconds),
    'webhook-signature': [...macs.map((mac) => `v1,${mac}`), ...signatures.map((signature) => `v1a,${signature}`)].join(' '),
    'x-mastguard-signature': [`t=${atSeconds}`, `id=${id}`, ...macs.map((mac) => `v1=${mac}`)].join(','),
  };
}

const bytesOf = (key: string): Buffer => Buffer.from(key.replace(/^wh[a-z]+_/, ''), 'base64');

/** RFC 8410 around the seed. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const privateKeyOf = (seed: Buffer): KeyObject => createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' });
