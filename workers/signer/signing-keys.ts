import { randomUUID } from 'node:crypto';
import { chmod, link, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { keyName, type KeyUse, publishedName } from '../../core/ledger/log-names.ts';
import { formatVkey, type NoteSigner, SIGNATURE_TYPE, type Vkey } from '../../core/ledger/note.ts';
import type { DurableFs } from './durable-file.ts';
import { readIfThere, replaceFile, replaceFileDurably } from './durable-file.ts';
import { sha256 } from '../../db/ledger-primitives.ts';
import { newPrivateKeyPem, readPrivateKeyPem, type SigningKey } from './private-key.ts';

export const KEY_USES = ['log', 'time', 'deployment'] as const satisfies readonly KeyUse[];

/** The key that signs, and the one that is about to follow it. */
export interface KeyPair {
  current: SigningKey;
  next: SigningKey | null;
}

export type SigningKeys = Record<KeyUse, KeyPair>;

const fileOf = (directory: string, use: KeyUse): string => join(directory, `${use}.pem`);
const nextFileOf = (directory: string, use: KeyUse): string => join(directory, `${use}.next.pem`);

/** Keys of a directory; one that is not there is null. */
export async function loadKeys(directory: string): Promise<Record<KeyUse, KeyPair | null>> {
  const load = async (use: KeyUse): Promise<KeyPair | null> => {
    const current = await loadKey(fileOf(directory, use));
    return current === null ? null : { current, next: await loadKey(nextFileOf(directory, use)) };
  };
  return { log: await load('log'), time: await load('time'), deployment: await load('deployment') };
}

/** A new key where there is none yet. */
export async function createKey(fs: DurableFs, directory: string, use: KeyUse): Promise<KeyPair> {
  await replaceFileDurably(fs, fileOf(directory, use), newPrivateKeyPem());
  const current = await loadKey(fileOf(directory, use));
  if (current === null) throw new Error(`${fileOf(directory, use)} is gone`);
  return { current, next: null };
}

/** Lays a new key beside the one that signs; the signer takes it up. False when one lies there already. */
export async function layNextKey(fs: DurableFs, directory: string, use: KeyUse): Promise<boolean> {
  const file = nextFileOf(directory, use);
  if ((await loadKey(file)) !== null) return false;
  const draft = `${file}.${randomUUID()}`;
  await replaceFile(fs, draft, newPrivateKeyPem());
  try {
    // Not by a rename: the one that another has laid meanwhile may have been taken up, and would be lost.
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(draft);
  }
  await fs.syncDirectory(directory);
  return true;
}

/** The next key takes the place of the current one, which is gone with that. */
export async function promoteNextKey(fs: DurableFs, directory: string, use: KeyUse): Promise<void> {
  await fs.rename(nextFileOf(directory, use), fileOf(directory, use));
  await fs.syncDirectory(directory);
}

/** Those that sign now: while a key is replaced, the old one and the new one. */
export const keysInUse = ({ current, next }: KeyPair): SigningKey[] => (next === null ? [current] : [current, next]);

/** Under which name a key signs. */
export function signersOf(name: string, pair: KeyPair): NoteSigner[] {
  return keysInUse(pair).map(({ publicKey, sign }) => ({ name, publicKey, sign }));
}

/** As `log_key` keeps them. */
export function publishedVkeys(host: string, keys: SigningKeys): { vkey: string; name: string; use: KeyUse; id: string }[] {
  return KEY_USES.flatMap((use) => {
    const name = publishedName(use, host);
    return keysInUse(keys[use]).map((key) => ({ vkey: vkeyOf(name, use, key), name, use, id: key.id }));
  });
}

/** As one organisation is told of them. */
export function vkeysForOrg(host: string, keys: SigningKeys, org: string): { vkey: string; use: KeyUse }[] {
  return KEY_USES.flatMap((use) => keysInUse(keys[use]).map((key) => ({ vkey: vkeyOf(keyName(use, host, org), use, key), use })));
}

export const vkeyOf = (name: string, use: KeyUse, { publicKey }: Pick<SigningKey, 'publicKey'>): string => formatVkey(vkeyParts(name, use, publicKey), sha256);

const vkeyParts = (name: string, use: KeyUse, publicKey: Uint8Array): Omit<Vkey, 'keyId'> => ({
  name,
  type: use === 'time' ? SIGNATURE_TYPE.cosignature : SIGNATURE_TYPE.ed25519,
  publicKey,
});

/** Null when there is no such file. @throws Error when it is no key of ours */
async function loadKey(file: string): Promise<SigningKey | null> {
  const pem = await readIfThere(file);
  if (pem === undefined) return null;
  // A copy from a backup may have come back readable by others.
  await chmod(file, 0o600);
  try {
    return readPrivateKeyPem(pem);
  } catch (cause) {
    throw new Error(`${file} is not a private Ed25519 key in PEM`, { cause });
  }
}
