import { deploymentLeaf, signCheckpoint } from '../../core/ledger/checkpoint.ts';
import { deploymentOrigin, orgOrigin, timeKeyName } from '../../core/ledger/log-names.ts';
import { createTileBuilder, TILE_WIDTH, type TileBuilder } from '../../core/ledger/tiles.ts';
import type { CheckpointItem, DeploymentItem, LedgerView, StoredCheckpoint } from '../../db/queries/signing.ts';
import { hexOf } from '../../core/encoding/hex.ts';
import { sha256 } from '../../db/ledger-primitives.ts';
import type { Reading } from './reading.ts';
import type { OrgPosition, PendingLeaf, Position, RememberedDeployment, TileRoot } from './remembered.ts';
import { keysInUse, type KeyPair, type SigningKeys, signersOf, vkeysForOrg } from './signing-keys.ts';

/** What signs and under which name. */
export interface Signatory {
  host: string;
  keys: SigningKeys;
}

/** A clock of the database may be a little ahead of ours; one that is far ahead does not decide what time we sign. */
const MAX_CLOCK_LEAD_MS = 5_000;

/** The position after a reading: remembered first, signed then. */
export function positionAfter(
  { reading, view, position, notBeforeMs }: { reading: Reading; view: LedgerView; position: OrgPosition | null; notBeforeMs: number },
  { host, keys }: Signatory,
  nowMs: number,
): OrgPosition {
  const { org, tree, head, lastAtMs } = reading;
  return {
    size: tree.size,
    root: hexOf(tree.root()),
    peaks: tree.peaks.map(hexOf),
    head,
    lastAtMs,
    number: (view.newest?.number ?? 0) + 1,
    signedAtMs: signingTimeMs(nowMs, Math.max(lastAtMs, notBeforeMs), position?.signedAtMs ?? 0),
    tiles: [...tilesBeyond(position?.tiles ?? [], view.newest?.size ?? 0), ...reading.tiles],
    keyIds: keyIdsOf(keys.log, keys.time),
    announced: vkeysForOrg(host, keys, org).map(({ vkey }) => vkey),
  };
}

/**
 * Seconds are what is signed. An entry is not younger than the checkpoint that covers it, and no checkpoint older than the one before,
 * as far as the clocks agree.
 */
function signingTimeMs(nowMs: number, lastAtMs: number, previousMs: number): number {
  const covering = lastAtMs - nowMs <= MAX_CLOCK_LEAD_MS ? Math.ceil(lastAtMs / 1_000) * 1_000 : 0;
  return Math.max(Math.floor(nowMs / 1_000) * 1_000, covering, previousMs);
}

/** Signs what is remembered as signed: only after it has been kept. */
export function checkpointOf(org: string, position: OrgPosition, { host, keys }: Signatory): CheckpointItem {
  const origin = orgOrigin(host, org);
  const { number, size, root, tiles } = position;
  return { org, number, size, root, note: noteOf(origin, position, keys.log, { host, keys }), tiles };
}

/** The deployment log with these checkpoints added. */
export function deploymentAfter(
  {
    remembered,
    newest,
    checkpoints,
    signedAtMs,
  }: {
    remembered: RememberedDeployment | undefined;
    newest: StoredCheckpoint | null;
    checkpoints: readonly CheckpointItem[];
    signedAtMs: number;
  },
  keys: SigningKeys,
): RememberedDeployment {
  const position = remembered?.position ?? null;
  const tree: TileBuilder = createTileBuilder(sha256, { size: position?.size ?? 0, peaks: (position?.peaks ?? []).map((hash) => Buffer.from(hash, 'hex')) });
  const storedSize = newest?.size ?? 0;
  const tiles = tilesBeyond(position?.tiles ?? [], storedSize);
  const leaves: PendingLeaf[] = (position?.leaves ?? []).filter(({ index }) => index >= storedSize);
  for (const { org, number, note } of checkpoints) {
    const hash = deploymentLeaf(sha256(Buffer.from(note, 'utf8')), sha256);
    leaves.push({ index: tree.size, org, number, hash: hexOf(hash) });
    for (const tile of tree.append(hash)) tiles.push({ ...tile, root: hexOf(tile.root) });
  }
  return {
    v: 1,
    refusal: null,
    position: {
      size: tree.size,
      root: hexOf(tree.root()),
      peaks: tree.peaks.map(hexOf),
      number: (newest?.number ?? 0) + 1,
      signedAtMs: Math.max(signedAtMs, position?.signedAtMs ?? 0),
      tiles,
      keyIds: keyIdsOf(keys.deployment, keys.time),
      leaves,
    },
  };
}

/** Signs the deployment log as it is remembered. */
export function deploymentCheckpointOf({ position }: RememberedDeployment, { host, keys }: Signatory): DeploymentItem {
  if (position === null) throw new Error('there is no deployment log to sign');
  const { number, size, root, leaves, tiles } = position;
  return { number, size, root, note: noteOf(deploymentOrigin(host), position, keys.deployment, { host, keys }), leaves, tiles };
}

/** Whether a log has not been signed yet with a key that signs now. */
export const lacksKey = ({ keyIds }: Position, logKey: KeyPair, timeKey: KeyPair): boolean => keyIdsOf(logKey, timeKey).some((id) => !keyIds.includes(id));

const keyIdsOf = (log: KeyPair, { current, next }: KeyPair): string[] => [...keysInUse(log).map(({ id }) => id), (next ?? current).id];

function noteOf(origin: string, { size, root, signedAtMs }: Position, logKey: KeyPair, { host, keys }: Signatory): string {
  const [timeKey] = signersOf(timeKeyName(host), { current: keys.time.next ?? keys.time.current, next: null });
  if (timeKey === undefined) throw new Error('there is no key for the time');
  return signCheckpoint({ origin, size, root: Buffer.from(root, 'hex'), atMs: signedAtMs, logKeys: signersOf(origin, logKey), timeKey, sha256 });
}

/** Tiles that became full after the tree had that size. */
const tilesBeyond = (tiles: readonly TileRoot[], size: number): TileRoot[] =>
  tiles.filter(({ level, index }) => (index + 1) * TILE_WIDTH ** (level + 1) > size);
