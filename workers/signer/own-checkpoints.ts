import { openCheckpoint, type Checkpoint } from '../../core/ledger/checkpoint.ts';
import { timeKeyName } from '../../core/ledger/log-names.ts';
import { parseVkey, type Vkey } from '../../core/ledger/note.ts';
import type { StoredCheckpoint } from '../../db/queries/signing.ts';
import type { IsOurs } from './contradictions.ts';
import { hexOf } from '../../core/encoding/hex.ts';
import { sha256, verifyEd25519 } from '../../db/ledger-primitives.ts';
import type { Installation } from './remembered.ts';
import { keysInUse, type SigningKeys, vkeyOf } from './signing-keys.ts';

/** Recognises checkpoints that were signed with the keys of this directory, present and past. Keys that the database publishes count for nothing here. */
export function createOwnership(installation: Installation, keys: SigningKeys): IsOurs {
  const { host, retired } = installation;
  const publicKeys = {
    log: [...keysInUse(keys.log), ...retired.filter(({ use }) => use === 'log').map(({ publicKey }) => ({ publicKey: Buffer.from(publicKey, 'hex') }))],
    time: [...keysInUse(keys.time), ...retired.filter(({ use }) => use === 'time').map(({ publicKey }) => ({ publicKey: Buffer.from(publicKey, 'hex') }))],
    deployment: [
      ...keysInUse(keys.deployment),
      ...retired.filter(({ use }) => use === 'deployment').map(({ publicKey }) => ({ publicKey: Buffer.from(publicKey, 'hex') })),
    ],
  };
  const timeKeys = publicKeys.time.map((key) => parsed(vkeyOf(timeKeyName(host), 'time', key)));
  /** Notes that were found to be ours, by origin: the newest one of a log is looked at again and again. */
  const known = new Map<string, string>();

  return (origin, stored) => {
    const seen = JSON.stringify([stored.size, stored.root, stored.note]);
    if (known.get(origin) === seen) return true;
    const use = origin.endsWith('/mg/deployment') ? 'deployment' : 'log';
    const logKeys = publicKeys[use].map((key) => parsed(vkeyOf(origin, use, key)));
    if (openStored(origin, stored, [...logKeys, ...timeKeys]) === undefined) return false;
    known.set(origin, seen);
    return true;
  };
}

/** The checkpoint in a stored row; undefined where no such key signed it, or the columns say something else. */
export function openStored(origin: string, { note, size, root }: StoredCheckpoint, vkeys: readonly Vkey[]): Checkpoint | undefined {
  const opened = openCheckpoint(note, vkeys, verifyEd25519, { origin });
  return 'problem' in opened || opened.size !== size || hexOf(opened.root) !== root ? undefined : opened;
}

function parsed(text: string): Vkey {
  const vkey = parseVkey(text, sha256);
  if (vkey === undefined) throw new Error(`${text} is no verifier key`);
  return vkey;
}
