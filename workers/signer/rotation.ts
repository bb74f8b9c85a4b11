import type { Logger } from 'pino';
import { keyName, type KeyUse, publishedName } from '../../core/ledger/log-names.ts';
import type { Sql } from '../../db/client.ts';
import { publishLogKey, retireLogKey } from '../../db/queries/signing.ts';
import { appendNotes } from './catch-up.ts';
import type { Memory } from './memory.ts';
import type { Signatory } from './next-checkpoint.ts';
import { hexOf } from '../../core/encoding/hex.ts';
import type { Position } from './remembered.ts';
import { keyRetired } from './signer-notes.ts';
import { KEY_USES, loadKeys, promoteNextKey, publishedVkeys, type SigningKeys, vkeyOf } from './signing-keys.ts';

const NOTES_AT_ONCE = 200;

interface RotationParts {
  sql: Sql;
  memory: Memory;
  signatory: Signatory;
  logger: Logger;
}

/** Takes up keys that were laid beside the ones that sign, and publishes them. True where there were any. */
export async function takeUpNextKeys({ sql, memory, signatory, logger }: RotationParts): Promise<boolean> {
  if (KEY_USES.every((use) => signatory.keys[use].next !== null)) return false;
  const loaded = await loadKeys(memory.directory);
  const fresh = KEY_USES.filter((use) => signatory.keys[use].next === null && (loaded[use]?.next ?? null) !== null);
  for (const use of fresh) {
    const next = loaded[use]?.next ?? null;
    const keys: SigningKeys = { ...signatory.keys, [use]: { current: signatory.keys[use].current, next } };
    for (const key of publishedVkeys(signatory.host, keys)) if (key.id === next?.id) await publishLogKey(sql, key);
    signatory.keys = keys;
    logger.info({ use, key: next?.id }, 'a key is being replaced: checkpoints carry the old one and the new one');
  }
  return fresh.length > 0;
}

/**
 * Ends the rotations of which every log carries the new key: the ledgers are told, and the old key is retired and gone. Each step may be
 * done again, so that it does not matter where a process ends. True where a rotation ended.
 */
export async function finishRotations(
  parts: RotationParts & { isUnconfirmed: (org: string) => boolean; isRefused: (org: string) => boolean },
): Promise<boolean> {
  const { signatory, logger } = parts;
  let ended = false;
  for (const use of KEY_USES) {
    const { current, next } = signatory.keys[use];
    if (next === null || !isEverywhere(use, next.id, parts)) continue;
    await retire(use, parts);
    signatory.keys = { ...signatory.keys, [use]: { current: next, next: null } };
    logger.info({ use, key: next.id, retired: current.id }, 'a key was replaced');
    ended = true;
  }
  return ended;
}

function isEverywhere(use: KeyUse, id: string, { memory, isUnconfirmed, isRefused }: Parameters<typeof finishRotations>[0]): boolean {
  const carries = (position: Position | null): boolean => position === null || position.keyIds.includes(id);
  const deployment = typeof memory.deployment === 'object' ? memory.deployment.position : null;
  if (use !== 'log' && !carries(deployment)) return false;
  if (use === 'deployment') return true;
  for (const { org, position } of memory.orgs.values()) if (!isRefused(org) && (isUnconfirmed(org) || !carries(position))) return false;
  return true;
}

async function retire(use: KeyUse, { sql, memory, signatory, isRefused, logger }: Parameters<typeof finishRotations>[0]): Promise<void> {
  const { host, keys } = signatory;
  const { publicKey } = keys[use].current;
  const orgs = [...memory.orgs.keys()].filter((org) => !isRefused(org));
  for (let at = 0; at < orgs.length; at += NOTES_AT_ONCE) {
    const notes = orgs.slice(at, at + NOTES_AT_ONCE).map((org) => keyRetired(org, use, vkeyOf(keyName(use, host, org), use, { publicKey })));
    // A ledger that takes no record is refused with its next checkpoint.
    await appendNotes(sql, notes, logger);
  }
  const { installation } = memory;
  if (installation !== null && !installation.retired.some((known) => known.publicKey === hexOf(publicKey))) {
    await memory.keepInstallation({ ...installation, retired: [...installation.retired, { use, publicKey: hexOf(publicKey) }] });
  }
  await retireLogKey(sql, vkeyOf(publishedName(use, host), use, { publicKey }));
  await promoteNextKey(memory.fs, memory.directory, use);
}
