export interface CredentialUsesOptions {
  write: (uses: { keyIds: string[]; tokenHashes: string[] }) => Promise<void>;
  onError: (error: unknown) => void;
  everyMs?: number;
  /** Distinct credentials between two writes; more are not noted. */
  maxPending?: number;
}

export interface CredentialUses {
  noteKey(keyId: string): void;
  noteSession(tokenHash: Buffer): void;
  /** Writes what is pending and stops. */
  close(): Promise<void>;
}

/** Gathers uses of keys and sessions and writes each once per interval, so that a busy key costs no write per request. */
export function createCredentialUses({ write, onError, everyMs = 5_000, maxPending = 10_000 }: CredentialUsesOptions): CredentialUses {
  const keyIds = new Set<string>();
  const tokenHashes = new Set<string>();

  const flush = async (): Promise<void> => {
    if (keyIds.size + tokenHashes.size === 0) return;
    const uses = { keyIds: [...keyIds], tokenHashes: [...tokenHashes] };
    keyIds.clear();
    tokenHashes.clear();
    await write(uses).catch(onError);
  };
  const timer = setInterval(() => void flush(), everyMs);
  timer.unref();
  const note = (pending: Set<string>, value: string): void => {
    if (pending.size < maxPending) pending.add(value);
  };

  return {
    noteKey: (keyId) => note(keyIds, keyId),
    noteSession: (tokenHash) => note(tokenHashes, tokenHash.toString('hex')),
    async close() {
      clearInterval(timer);
      await flush();
    },
  };
}
