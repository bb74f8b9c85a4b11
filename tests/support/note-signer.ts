import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** Keys and signed notes for exports under test, written from c2sp.org/signed-note and c2sp.org/tlog-cosignature. The keys are made of names: nobody's. */
export interface TestKey {
  name: string;
  /** 0x01: signs a note's text. 0x04: signs a time with it. */
  type: 1 | 4;
  vkey: string;
  id: Buffer;
  privateKey: KeyObject;
}

export interface NoteInput {
  origin: string;
  size: number;
  root: Uint8Array;
  /** Of the time key's signature. */
  seconds: number;
  keys: readonly TestKey[];
}

const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_LENGTH = 12;

/** The same seed, the same key: a text, or 32 bytes as RFC 8032 takes them. */
export function testKey(name: string, type: TestKey['type'], seed: string | Buffer): TestKey {
  const secret = typeof seed === 'string' ? createHash('sha256').update(`mastguard test key: ${seed}`).digest() : seed;
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, secret]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(SPKI_LENGTH);
  const typed = Buffer.concat([Buffer.of(type), publicKey]);
  const id = createHash('sha256').update(`${name}\n`).update(typed).digest().subarray(0, 4);
  return { name, type, id, privateKey, vkey: `${name}+${id.toString('hex')}+${typed.toString('base64')}` };
}

/** A checkpoint signed by each of the keys, in their order. */
export function signedNote({ origin, size, root, seconds, keys }: NoteInput): string {
  const text = `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`;
  return `${text}\n${keys.map((key) => signatureLine(key, text, seconds)).join('')}`;
}

export function signatureLine({ name, type, id, privateKey }: TestKey, text: string, seconds: number): string {
  const stamp = Buffer.alloc(8);
  stamp.writeBigUInt64BE(BigInt(seconds));
  const signature =
    type === 1
      ? sign(null, Buffer.from(text), privateKey)
      : Buffer.concat([stamp, sign(null, Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`), privateKey)]);
  return `— ${name} ${Buffer.concat([id, signature]).toString('base64')}\n`;
}
