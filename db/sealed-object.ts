import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { canonicalize } from '../core/json/canonical.ts';
import { bindingText, type SealedObject, type SealedPlace } from '../core/ledger/sealed-object.ts';
import type { JsonObject } from '../schemas/json.ts';

/** The key of one version of a data subject. */
export interface DataKey {
  /** Lower-case hex. */
  subject: string;
  version: number;
  /** 32 bytes. */
  dek: Uint8Array;
  /** Of `dek`, lower-case hex. */
  commitment: string;
}

/** What was sealed is not what was recorded: another key, another place, or changed bytes. Never what an erasure leaves behind. */
export class SealBroken extends Error {
  readonly code = 'seal-broken';
}

/** SHA-256("mg-kc" ‖ data key), lower-case hex. */
export const commitmentOf = (dek: Uint8Array): string => createHash('sha256').update('mg-kc').update(dek).digest('hex');

/** AES-256-GCM over the RFC 8785 text of the fields, bound to its place. */
export function sealObject(fields: JsonObject, { subject, version: key, dek, commitment }: DataKey, at: SealedPlace): SealedObject {
  const nonce = drawNonce();
  const cipher = createCipheriv('aes-256-gcm', dek, nonce).setAAD(Buffer.from(bindingText(at, { subject, key })));
  const data = Buffer.concat([cipher.update(canonicalize(fields), 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64');
  return { subject, key, commitment, nonce: nonce.toString('base64'), data };
}

/** @throws SealBroken */
export function openObject(sealed: SealedObject, { subject, version, dek, commitment }: DataKey, at: SealedPlace): JsonObject {
  if (sealed.subject !== subject || sealed.key !== version || sealed.commitment !== commitment) throw new SealBroken('sealed under another key than is kept');
  const data = Buffer.from(sealed.data, 'base64');
  const nonce = Buffer.from(sealed.nonce, 'base64');
  if (nonce.length !== NONCE_BYTES || data.length < TAG_BYTES) throw new SealBroken('not sealed as it should be');
  const decipher = createDecipheriv('aes-256-gcm', dek, nonce, { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(bindingText(at, sealed)))
    .setAuthTag(data.subarray(-TAG_BYTES));
  try {
    return JSON.parse(Buffer.concat([decipher.update(data.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8')) as JsonObject;
  } catch {
    // The library's own message says no more, and whatever text came out must not be quoted.
    throw new SealBroken('what is sealed is not what was recorded here');
  }
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Random bytes in one draw for many nonces: the system call costs more than the cipher. */
let pool = Buffer.alloc(0);
function drawNonce(): Buffer {
  if (pool.length < NONCE_BYTES) pool = randomBytes(NONCE_BYTES * 256);
  const nonce = pool.subarray(0, NONCE_BYTES);
  pool = pool.subarray(NONCE_BYTES);
  return nonce;
}
