import { createBoundedMap } from '../core/bounded-map.ts';
import type { Sha256Hex } from '../core/hashing.ts';
import type { DataSubject } from '../core/ledger/personal-fields.ts';
import type { SealedObject } from '../core/ledger/sealed-object.ts';
import type { JsonObject } from '../schemas/json.ts';
import type { Sql } from './client.ts';
import { createOrganizationKeys, type KeyPurpose } from './organization-keys.ts';
import { openObject, sealObject } from './sealed-object.ts';
import { createSubjectKeys, type SubjectKeyUse } from './subject-keys.ts';

/** Fields to seal for one subject, by its reference. */
export interface Sealable {
  /** As in `SealedPlace`. */
  place: string;
  subject: string;
  fields: JsonObject;
}

/** What is recorded, and the keys that the recording statement must store or find. */
export interface Sealing {
  sealed: SealedObject[];
  keys: SubjectKeyUse[];
}

/**
 * The database with its personal fields readable: seals what is recorded about people and opens it again, as long as their key exists.
 * One per process, so that a destroyed key is forgotten in one place.
 */
export interface SubjectVault {
  readonly sql: Sql;
  /** What stands for a subject in the database. It tells nobody whose it is who has no master key. */
  refOf: (orgId: string, subject: DataSubject) => string;
  /** A keyed hash in place of a plain one wherever what is hashed could be guessed. Lower-case hex. */
  keyed: (orgId: string, purpose: Exclude<KeyPurpose, 'subject' | 'wrap'>, text: string) => string;
  /** The same as a hash function. */
  callHasher: (orgId: string) => Sha256Hex;
  /** Seals without reading anything; what comes of a wrong guess about a key is said by the statement that records it. */
  seal: (orgId: string, parts: readonly Sealable[]) => Sealing;
  /** Reads keys that are not known, so that the guess is right. */
  prepare: (orgId: string, subjects: readonly string[]) => Promise<void>;
  /** After a statement has answered that a key is out of date. */
  renew: (orgId: string, subjects: readonly string[]) => Promise<void>;
  /** After a statement has stored what was new among these. */
  taken: (orgId: string, keys: readonly SubjectKeyUse[]) => void;
  /** In order; null where the key has been destroyed. @throws SealBroken */
  open: (orgId: string, parts: readonly { place: string; sealed: SealedObject }[]) => Promise<(JsonObject | null)[]>;
  /** A key was destroyed. */
  forget: (orgId: string, subject: string) => void;
  /** Keys may have been destroyed without a word. */
  forgetAll: () => void;
}

export interface SubjectVaultOptions {
  sql: Sql;
  /** 32 bytes, kept outside the database. */
  masterKey: Uint8Array;
  now?: () => number;
  maxSubjects?: number;
}

export function createSubjectVault({ sql, masterKey, now = Date.now, maxSubjects = 20_000 }: SubjectVaultOptions): SubjectVault {
  const organization = createOrganizationKeys(masterKey);
  const subjects = createSubjectKeys({ sql, keys: organization, now, maxSubjects });
  const refs = createBoundedMap<string>(maxSubjects);

  return {
    sql,
    refOf(orgId, subject) {
      const name = `${orgId}/${subject}`;
      let ref = refs.get(name);
      if (ref === undefined) {
        ref = organization.keyed(orgId, 'subject', subject);
        // An event that is its own subject is not met again.
        if (!subject.startsWith('event:')) refs.set(name, ref);
      }
      return ref;
    },
    keyed: organization.keyed,
    callHasher: (orgId) => (text) => organization.keyed(orgId, 'call-hash', text),
    seal(orgId, parts) {
      const sealed: SealedObject[] = [];
      const keys: SubjectKeyUse[] = [];
      for (const { place, subject, fields } of parts) {
        const { key, use } = subjects.current(orgId, subject);
        sealed.push(sealObject(fields, key, { orgId, place }));
        if (!keys.some(({ ref }) => ref === use.ref)) keys.push(use);
      }
      return { sealed, keys };
    },
    prepare: subjects.prepare,
    renew: subjects.renew,
    taken: subjects.taken,
    async open(orgId, parts) {
      if (parts.length === 0) return [];
      const openers = await subjects.openers(
        orgId,
        parts.map(({ sealed }) => sealed),
      );
      return parts.map(({ place, sealed }) => {
        const key = openers.get(`${sealed.subject}/${sealed.key}`);
        return key === null || key === undefined ? null : openObject(sealed, key, { orgId, place });
      });
    },
    forget: subjects.forget,
    forgetAll: subjects.forgetAll,
  };
}

/** The keys of a statement that records several things. */
export const keysOf = (sealings: readonly Pick<Sealing, 'keys'>[]): SubjectKeyUse[] => {
  const byRef = new Map(sealings.flatMap(({ keys }) => keys).map((use) => [use.ref, use]));
  return [...byRef.values()];
};

export const refsOf = (keys: readonly SubjectKeyUse[]): string[] => keys.map(({ ref }) => ref);
