import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { createBoundedMap } from '../core/bounded-map.ts';

/** What a derived key is for; no two uses share one. */
export type KeyPurpose = 'event-digest' | 'action-digest' | 'call-hash' | 'body-digest' | 'batch' | 'subject' | 'wrap';

export interface OrganizationKeys {
  /** 32 bytes. */
  keyOf: (orgId: string, purpose: KeyPurpose) => KeyObject;
  /** HMAC-SHA-256 of the text in UTF-8, lower-case hex. Unlike a plain hash nobody can try guesses against it who has the database alone. */
  keyed: (orgId: string, purpose: KeyPurpose, text: string) => string;
}

/** Keys of organisations, derived from the master key by HKDF-SHA-256: salt `mastguard-vault`, info `v1:<purpose>:<organisation>`. */
export function createOrganizationKeys(masterKey: Uint8Array): OrganizationKeys {
  const organizations = createBoundedMap<Map<KeyPurpose, KeyObject>>(2_000);
  const keyOf = (orgId: string, purpose: KeyPurpose): KeyObject => {
    let keys = organizations.get(orgId);
    if (keys === undefined) {
      keys = new Map();
      organizations.set(orgId, keys);
    }
    let key = keys.get(purpose);
    if (key === undefined) {
      key = createSecretKey(Buffer.from(hkdfSync('sha256', masterKey, 'mastguard-vault', `v1:${purpose}:${orgId}`, 32)));
      keys.set(purpose, key);
    }
    return key;
  };
  return { keyOf, keyed: (orgId, purpose, text) => createHmac('sha256', keyOf(orgId, purpose)).update(text).digest('hex') };
}
