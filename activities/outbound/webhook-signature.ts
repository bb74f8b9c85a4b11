import { createHmac, createPrivateKey, type KeyObject, sign } from 'node:crypto';

/** What is signed and sent. */
interface SignedMessage {
  id: string;
  body: string;
  atSeconds: number;
}

/** One pair of keys. More than one while they are being exchanged. */
export interface SigningKeys {
  /** `whsec_` and base64. */
  secret: string;
  /** `whsk_` and the 32 bytes of an Ed25519 seed in base64. */
  signingKey: string;
}

/** Headers of a message as Standard Webhooks has them, with one symmetric signature (`v1`); without a secret (`whsec_` and base64) only its id and time. */
export function webhookHeaders(message: SignedMessage, secret: string | undefined): Record<string, string> {
  return { ...namingHeaders(message), ...(secret !== undefined && { 'webhook-signature': `v1,${macOf(message, secret)}` }) };
}

/**
 * The same for endpoints, with a symmetric (`v1`) and an asymmetric (`v1a`) signature of each pair of keys, and the
 * symmetric ones once more in one header: `x-mastguard-signature: t=<seconds>,id=<id>,v1=<base64>`.
 */
export function signedHeaders({ keys, ...message }: SignedMessage & { keys: readonly SigningKeys[] }): Record<string, string> {
  const { id, atSeconds } = message;
  const macs = keys.map(({ secret }) => macOf(message, secret));
  const signatures = keys.map(({ signingKey }) => sign(null, Buffer.from(textOf(message)), privateKeyOf(bytesOf(signingKey))).toString('base64'));
  return {
    ...namingHeaders(message),
    'webhook-signature': [...macs.map((mac) => `v1,${mac}`), ...signatures.map((signature) => `v1a,${signature}`)].join(' '),
    'x-mastguard-signature': [`t=${atSeconds}`, `id=${id}`, ...macs.map((mac) => `v1=${mac}`)].join(','),
  };
}

const namingHeaders = ({ id, atSeconds }: SignedMessage) => ({ 'webhook-id': id, 'webhook-timestamp': String(atSeconds) });
const textOf = ({ id, atSeconds, body }: SignedMessage): string => `${id}.${atSeconds}.${body}`;
const macOf = (message: SignedMessage, secret: string): string => createHmac('sha256', bytesOf(secret)).update(textOf(message)).digest('base64');
const bytesOf = (key: string): Buffer => Buffer.from(key.replace(/^wh[a-z]+_/, ''), 'base64');

/** RFC 8410 around the seed. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const privateKeyOf = (seed: Buffer): KeyObject => createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' });
