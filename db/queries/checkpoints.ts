import type { KeyUse } from '../../core/ledger/log-names.ts';
import type { Hash } from '../../core/ledger/merkle.ts';
import type { TileRef } from '../../core/ledger/tiles.ts';
import { TILE_WIDTH } from '../../core/ledger/tiles.ts';
import type { Sql, TransactionSql } from '../client.ts';
import { asTenant } from '../tenant.ts';

export interface CheckpointRow {
  number: number;
  size: number;
  /** 32 bytes. */
  root: Hash;
  /** The signed note. */
  note: string;
  /** When it was stored; the note says when it was signed. */
  storedAt: Date;
}

const columns = (tx: TransactionSql) => tx`number, size, root, note, signed_at as "storedAt"`;

/** Undefined until the organisation's ledger has been signed for the first time. */
export function newestCheckpoint(sql: Sql, orgId: string): Promise<CheckpointRow | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<CheckpointRow[]>`select ${columns(tx)} from ledger_checkpoint where org_id = ${orgId} order by number desc limit 1`;
    return row;
  });
}

/** By number, from behind `afterNumber` (0 for the first). */
export function listCheckpoints(sql: Sql, { orgId, afterNumber, limit }: { orgId: string; afterNumber: number; limit: number }): Promise<CheckpointRow[]> {
  return asTenant(
    sql,
    orgId,
    (tx) => tx<CheckpointRow[]>`
      select ${columns(tx)} from ledger_checkpoint where org_id = ${orgId} and number > ${afterNumber} order by number limit ${limit}`,
  );
}

/** What `hashesOf` of a proof asks: by `tileKey`. */
export type TileHashes = Map<string, Hash[]>;

export const tileKey = ({ level, index }: TileRef): string => `${level}/${index}`;

/** How many hashes a tile has in a tree of that size. */
const widthIn = (size: number, { level, index }: TileRef): number =>
  Math.max(0, Math.min(TILE_WIDTH, Math.floor(size / TILE_WIDTH ** level) - index * TILE_WIDTH));

/**
 * The hashes of these tiles as they are in the tree of `size` entries, in one statement. A tile whose hashes are not there (entries that were
 * pruned, tiles of which no checkpoint is recorded yet) has fewer than it should: making the proof then throws.
 */
export function tileHashes(sql: Sql, { orgId, tiles, size }: { orgId: string; tiles: readonly TileRef[]; size: number }): Promise<TileHashes> {
  return asTenant(sql, orgId, async (tx) => {
    const rows = await tx<TileHashRow[]>`
      select t.level, t.index, h.hash
      from unnest(${sql.array(
        tiles.map(({ level }) => String(level)),
        25,
      )}::text[]::int[], ${sql.array(
        tiles.map(({ index }) => String(index)),
        25,
      )}::text[]::bigint[]) as t(level, index)
      cross join lateral (
        select e.seq as at, e.entry_hash as hash from ledger_entry e
        where t.level = 0 and e.org_id = ${orgId} and e.seq >= t.index * ${TILE_WIDTH} and e.seq < (t.index + 1) * ${TILE_WIDTH} and e.seq < ${size}
        union all
        select r.idx, r.root from ledger_tile r
        where t.level > 0 and r.org_id = ${orgId} and r.level = t.level - 1 and r.idx >= t.index * ${TILE_WIDTH} and r.idx < (t.index + 1) * ${TILE_WIDTH}
      ) h
      order by t.level, t.index, h.at`;
    return collect(rows, tiles, size);
  });
}

interface TileHashRow extends TileRef {
  hash: Hash;
}

function collect(rows: readonly TileHashRow[], tiles: readonly TileRef[], size: number): TileHashes {
  const hashes: TileHashes = new Map(tiles.map((tile) => [tileKey(tile), []]));
  for (const row of rows) {
    const tile = hashes.get(tileKey(row));
    // Tiles may have grown past the tree that is asked for.
    if (tile !== undefined && tile.length < widthIn(size, row)) tile.push(row.hash);
  }
  return hashes;
}

export interface DeploymentProofParts {
  /** Newest checkpoint of the deployment log. */
  deployment: CheckpointRow;
  /** Newest checkpoint of the organisation that it covers: its number, and its leaf there. */
  number: number;
  index: number;
  hash: Hash;
}

/** Undefined until the deployment log covers a checkpoint of this organisation. */
export function deploymentProofParts(sql: Sql, orgId: string): Promise<DeploymentProofParts | undefined> {
  return asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<(CheckpointRow & { leafNumber: number; index: number; hash: Hash })[]>`
      select d.*, l.number as "leafNumber", l.idx as index, l.hash
      from (select ${columns(tx)} from deployment_checkpoint order by number desc limit 1) d
      cross join lateral (
        select k.number, k.idx, k.hash from deployment_leaf k join ledger_checkpoint c on c.org_id = k.org_id and c.number = k.number
        where k.org_id = ${orgId} and c.org_id = ${orgId} and k.idx < d.size and k.hash = sha256('\\x00'::bytea || sha256(convert_to(c.note, 'UTF8')))
        order by k.number desc limit 1
      ) l`;
    if (row === undefined) return undefined;
    const { leafNumber, index, hash, ...deployment } = row;
    return { deployment, number: leafNumber, index, hash };
  });
}

/** As `tileHashes`, of the deployment log: hashes alone, of whomever they are. */
export async function deploymentTileHashes(sql: Sql, { tiles, size }: { tiles: readonly TileRef[]; size: number }): Promise<TileHashes> {
  const rows = await sql<TileHashRow[]>`
    select t.level, t.index, h.hash
    from unnest(${sql.array(
      tiles.map(({ level }) => String(level)),
      25,
    )}::text[]::smallint[], ${sql.array(
      tiles.map(({ index }) => String(index)),
      25,
    )}::text[]::bigint[]) as t(level, index)
    cross join lateral deployment_hashes(t.level, t.index) with ordinality as h(hash, at)
    order by t.level, t.index, h.at`;
  return collect(rows, tiles, size);
}

export interface LogKeyRow {
  vkey: string;
  name: string;
  use: KeyUse;
  createdAt: Date;
  retiredAt: Date | null;
}

/** Every key that ever signed, retired ones too: old checkpoints are checked with them. For one organisation see `keysOfOrg`. */
export function listLogKeys(sql: Sql): Promise<LogKeyRow[]> {
  return sql<LogKeyRow[]>`select vkey, name, use, created_at as "createdAt", retired_at as "retiredAt" from log_key order by created_at, vkey`;
}
