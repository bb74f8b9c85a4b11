import { createBoundedMap } from '../core/bounded-map.ts';
import type { Sql } from './client.ts';
import type { OrganizationKeys } from './organization-keys.ts';
import { loadSubjectKeys, type SubjectKeyRow } from './queries/subject-keys.ts';
import { type DataKey, SealBroken } from './sealed-object.ts';
import { makeDataKey, unwrapDataKey } from './wrapped-key.ts';

/**
 * The key something was sealed with, as the statement that records it takes it along. With `wrapped` (base64) it is new, and stored by that
 * statement; without, it must be stored and not destroyed. Otherwise nothing is recorded.
 */
export interface SubjectKeyUse {
  ref: string;
  version: number;
  commitment: string;
  wrapped: string | null;
}

export interface SubjectKeys {
  /** What to seal with now. Reads nothing: a subject that is not known gets a new key, and whoever records with it hears where that was wrong. */
  current: (orgId: string, subject: string) => { key: DataKey; use: SubjectKeyUse };
  /** Reads those that are not known. */
  prepare: (orgId: string, subjects: readonly string[]) => Promise<void>;
  /** Reads them anew, after a statement has found one out of date. */
  renew: (orgId: string, subjects: readonly string[]) => Promise<void>;
  /** Notes that a statement has stored these. */
  taken: (orgId: string, uses: readonly SubjectKeyUse[]) => void;
  /** Keys to open with, by `subject/version`; null where destroyed. */
  openers: (orgId: string, wanted: readonly { subject: string; key: number }[]) => Promise<Map<string, DataKey | null>>;
  forget: (orgId: string, subject: string) => void;
  forgetAll: () => void;
}

interface Known {
  version: number;
  /** Null: destroyed, and the next one has not been made. */
  key: DataKey | null;
  /** Until a statement has stored it. */
  wrapped: string | null;
  readAtMs: number;
}

export interface SubjectKeysOptions {
  sql: Sql;
  keys: OrganizationKeys;
  now: () => number;
  maxSubjects?: number;
  /** What was read longer ago opens nothing: a destruction that was not heard of takes hold after this. */
  maxAgeMs?: number;
}

/** Remembers keys of data subjects. For sealing an old entry is harmless, since the database refuses it; for opening none is. */
export function createSubjectKeys({ sql, keys, now, maxSubjects = 20_000, maxAgeMs = 30_000 }: SubjectKeysOptions): SubjectKeys {
  const known = createBoundedMap<Known>(maxSubjects);
  const nameOf = (orgId: string, subject: string): string => `${orgId}/${subject}`;

  /** Also answers what it has read: by the time the caller goes on, somebody else may have dropped it from what is known. */
  const read = async (orgId: string, subjects: readonly string[]): Promise<Map<string, Known>> => {
    if (subjects.length === 0) return new Map();
    const asked = [...new Set(subjects)];
    const stored = new Map((await loadSubjectKeys(sql, { orgId, subjects: asked })).map((row) => [row.subject, knownOf(orgId, row)]));
    for (const subject of asked) {
      const name = nameOf(orgId, subject);
      const entry = stored.get(subject);
      if (entry !== undefined) known.set(name, entry);
      // One that was made here and is on its way into the table stays.
      else if (known.get(name)?.wrapped === null) known.delete(name);
    }
    return stored;
  };

  const knownOf = (orgId: string, { subject, version, commitment, wrapped }: SubjectKeyRow): Known => {
    const key = wrapped === null ? null : unwrapDataKey(keys, { orgId, subject, version }, wrapped);
    if (key !== null && key.commitment !== commitment) throw new SealBroken('the key of a data subject is not the one it was');
    return { version, key, wrapped: null, readAtMs: now() };
  };

  const openerOf = (entry: Known | undefined, version: number): DataKey | null | undefined => {
    // One that is not stored yet opens nothing that is.
    if (entry === undefined || entry.wrapped !== null || entry.version < version || now() - entry.readAtMs > maxAgeMs) return undefined;
    return entry.version === version ? entry.key : null;
  };

  return {
    current(orgId, subject) {
      const name = nameOf(orgId, subject);
      let entry = known.get(name);
      if (entry === undefined || entry.key === null) {
        const version = (entry?.version ?? 0) + 1;
        const made = makeDataKey(keys, { orgId, subject, version });
        entry = { version, key: made.key, wrapped: made.wrapped.toString('base64'), readAtMs: now() };
        known.set(name, entry);
      }
      const key = entry.key as DataKey;
      return { key, use: { ref: subject, version: key.version, commitment: key.commitment, wrapped: entry.wrapped } };
    },
    async prepare(orgId, subjects) {
      await read(
        orgId,
        subjects.filter((subject) => known.get(nameOf(orgId, subject)) === undefined),
      );
    },
    async renew(orgId, subjects) {
      for (const subject of subjects) known.delete(nameOf(orgId, subject));
      await read(orgId, subjects);
    },
    taken(orgId, uses) {
      for (const { ref, commitment, wrapped } of uses) {
        const entry = wrapped === null ? undefined : known.get(nameOf(orgId, ref));
        if (entry?.key?.commitment === commitment) entry.wrapped = null;
      }
    },
    async openers(orgId, wanted) {
      const openers = new Map<string, DataKey | null>();
      const missing: (typeof wanted)[number][] = [];
      for (const { subject, key } of wanted) {
        const opener = openerOf(known.get(nameOf(orgId, subject)), key);
        if (opener === undefined) missing.push({ subject, key });
        else openers.set(`${subject}/${key}`, opener);
      }
      const stored = await read(
        orgId,
        missing.map(({ subject }) => subject),
      );
      for (const { subject, key } of missing) {
        const opener = openerOf(stored.get(subject), key);
        if (opener === undefined) throw new SealBroken('a record is sealed under a key that was never stored');
        openers.set(`${subject}/${key}`, opener);
      }
      return openers;
    },
    forget: (orgId, subject) => known.delete(nameOf(orgId, subject)),
    forgetAll: () => known.clear(),
  };
}
