import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** The row that a sealed value belongs to; in another row it does not open. */
export interface SealPlace {
  orgId: string;
  id: string;
}

export interface JsonSeal<Value> {
  seal: (value: Value, place: SealPlace) => Buffer;
  /** Throws when the bytes are not of this place or another master key sealed them. */
  open: (sealed: Buffer, place: SealPlace) => Value;
}

/**
 * Keeps a column unreadable to whoever has the database alone: AES-256-GCM under a key per organisation and `purpose`, derived from the master
 * key. Layout: version (1) ‖ iv (12) ‖ tag (16) ‖ ciphertext.
 */
export function createJsonSeal<Value>(masterKey: Uint8Array, purpose: string): JsonSeal<Value> {
  const keyOf = (orgId: string): Uint8Array => new Uint8Array(hkdfSync('sha256', masterKey, purpose, `v1:${orgId}`, 32));
  const bindingOf = ({ orgId, id }: SealPlace): Buffer => Buffer.from(`${orgId}/${id}`);

  return {
    seal(value, place) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', keyOf(place.orgId), iv).setAAD(bindingOf(place));
      const ciphertext = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.of(VERSION), iv, cipher.getAuthTag(), ciphertext]);
    },
    open(sealed, place) {
      if (sealed[0] !== VERSION || sealed.length < HEAD_BYTES) throw new Error('a sealed column is not sealed as it should be');
      const decipher = createDecipheriv('aes-256-gcm', keyOf(place.orgId), sealed.subarray(1, 1 + IV_BYTES), { authTagLength: TAG_BYTES })
        .setAAD(bindingOf(place))
        .setAuthTag(sealed.subarray(1 + IV_BYTES, HEAD_BYTES));
      const text = Buffer.concat([decipher.update(sealed.subarray(HEAD_BYTES)), decipher.final()]).toString('utf8');
      return JSON.parse(text) as Value;
    },
  };
}

const VERSION = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + IV_BYTES + TAG_BYTES;
