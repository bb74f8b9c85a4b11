import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { OrganizationKeys } from './organization-keys.ts';
import { commitmentOf, type DataKey, SealBroken } from './sealed-object.ts';

type Place = Pick<DataKey, 'subject' | 'version'> & { orgId: string };

/** A new data key of a subject, and the same wrapped for the table. */
export function makeDataKey(keys: OrganizationKeys, place: Place): { key: DataKey; wrapped: Buffer } {
  const drawn = randomBytes(DEK_BYTES + IV_BYTES);
  const dek = drawn.subarray(0, DEK_BYTES);
  const iv = drawn.subarray(DEK_BYTES);
  const cipher = createCipheriv('aes-256-gcm', keys.keyOf(place.orgId, 'wrap'), iv).setAAD(bindingOf(place));
  const ciphertext = Buffer.concat([cipher.update(dek), cipher.final()]);
  return {
    key: { subject: place.subject, version: place.version, dek, commitment: commitmentOf(dek) },
    wrapped: Buffer.concat([iv, cipher.getAuthTag(), ciphertext]),
  };
}

/** Layout: iv (12) ‖ tag (16) ‖ ciphertext (32), AES-256-GCM under the organisation's key. @throws SealBroken where another master key wrapped it, or for another subject. */
export function unwrapDataKey(keys: OrganizationKeys, place: Place, wrapped: Uint8Array): DataKey {
  const decipher = createDecipheriv('aes-256-gcm', keys.keyOf(place.orgId, 'wrap'), wrapped.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(bindingOf(place))
    .setAuthTag(wrapped.subarray(IV_BYTES, HEAD_BYTES));
  try {
    const dek = Buffer.concat([decipher.update(wrapped.subarray(HEAD_BYTES)), decipher.final()]);
    return { subject: place.subject, version: place.version, dek, commitment: commitmentOf(dek) };
  } catch (cause) {
    throw new SealBroken('the key of a data subject does not unwrap', { cause });
  }
}

const bindingOf = ({ orgId, subject, version }: Place): Buffer => Buffer.from(`mg-dek-v1\n${orgId}\n${subject}\n${version}`);

const DEK_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = IV_BYTES + TAG_BYTES;
