import { createBoundedMap } from '../../core/bounded-map.ts';
import type { KeyCredential } from '../../db/queries/keys.ts';

export interface KeyDirectoryOptions {
  /** One look-up in the database. */
  find: (keyId: string) => Promise<KeyCredential | undefined>;
  maxAgeMs?: number;
  maxEntries?: number;
  now: () => number;
}

export interface KeyDirectory {
  find(keyId: string): Promise<KeyCredential | undefined>;
  forget(keyId: string): void;
  forgetAll(): void;
}

interface Entry {
  credential: Promise<KeyCredential | undefined>;
  untilMs: number;
}

/**
 * Remembers keys for a short time, the unknown ones like the known ones, so that time tells nothing about an id.
 * The two are kept apart: a flood of made-up ids cannot push out the keys in use.
 */
export function createKeyDirectory({ find, maxAgeMs = 30_000, maxEntries = 10_000, now }: KeyDirectoryOptions): KeyDirectory {
  const known = createBoundedMap<Entry>(maxEntries);
  const unknown = createBoundedMap<Entry>(maxEntries);

  /** Moves only while the entry is still the one in place: a key revoked meanwhile has been forgotten and stays so. */
  const sort = async (keyId: string, entry: Entry): Promise<void> => {
    const outcome = await entry.credential.then(
      (credential) => credential !== undefined,
      () => 'failed' as const,
    );
    if (outcome === false || unknown.get(keyId) !== entry) return;
    unknown.delete(keyId);
    if (outcome === true) known.set(keyId, entry);
  };

  const lookUp = (keyId: string): Promise<KeyCredential | undefined> => {
    const entry: Entry = { credential: find(keyId), untilMs: now() + maxAgeMs };
    unknown.set(keyId, entry);
    void sort(keyId, entry);
    return entry.credential;
  };

  return {
    find(keyId) {
      const entry = known.get(keyId) ?? unknown.get(keyId);
      return entry !== undefined && entry.untilMs > now() ? entry.credential : lookUp(keyId);
    },
    forget(keyId) {
      known.delete(keyId);
      unknown.delete(keyId);
    },
    forgetAll() {
      known.clear();
      unknown.clear();
    },
  };
}
