import { createCompactRange } from '../../core/ledger/merkle.ts';
import { deploymentOrigin, keyName, type KeyUse, orgOrigin } from '../../core/ledger/log-names.ts';
import { parseVkey } from '../../core/ledger/note.ts';
import { createTileBuilder, TILE_WIDTH } from '../../core/ledger/tiles.ts';
import type { Sql } from '../../db/client.ts';
import { listLogKeys } from '../../db/queries/checkpoints.ts';
import {
  appendSignerNotes,
  firstEntrySeq,
  type LedgerView,
  listLedgerViews,
  readDeployment,
  readDeploymentLeaves,
  readEntries,
  readLedgerViews,
  readTileRoots,
  retireLogKey,
  type StoredCheckpoint,
} from '../../db/queries/signing.ts';
import type { IsOurs } from './contradictions.ts';
import { installationOf, type Memory } from './memory.ts';
import type { Signatory } from './next-checkpoint.ts';
import { hexOf } from '../../core/encoding/hex.ts';
import { sha256 } from '../../db/ledger-primitives.ts';
import { beginReading, checkHead, missingEntry, readEntry, type Reading, takeLeaf } from './reading.ts';
import type { OrgPosition, Position } from './remembered.ts';
import { keyRetired, signerRebuilt } from './signer-notes.ts';
import { publishedVkeys, vkeyOf } from './signing-keys.ts';

const PAGE = 2_000;

export interface RebuildParts {
  sql: Sql;
  memory: Memory;
  host: string;
  isOurs: IsOurs;
  now: () => number;
  /** What the database has is taken where it contradicts what was remembered, and the ledger says so. */
  forget: boolean;
  /** Keys that were given up: the ledgers are told. */
  lost: readonly { use: KeyUse; publicKey: string }[];
}

export interface Rebuilt {
  /** An organisation, or `deployment`. */
  log: string;
  /** Entries that were verified. */
  entries: number;
  /** Null where it is signed again from now on. */
  problem: string | null;
}

/** Organisations that need it: refused, damaged, or with checkpoints of which nothing is remembered. */
export async function orgsToRebuild(sql: Sql, memory: Memory): Promise<string[]> {
  const orgs = new Set(memory.damaged.keys());
  for (const { org, refusal } of memory.orgs.values()) if (refusal !== null) orgs.add(org);
  let afterOrg: string | undefined;
  do {
    const page = await listLedgerViews(sql, { afterOrg, limit: 500 });
    for (const { org, newest } of page) if (newest !== null && !memory.orgs.has(org)) orgs.add(org);
    afterOrg = page.at(-1)?.org;
  } while (afterOrg !== undefined);
  return [...orgs].toSorted();
}

/**
 * Retires the published keys that this directory does not hold any more. From then on checkpoints of theirs are taken for ours, because the
 * database says so: there is nothing else left that could.
 */
export async function giveUpLostKeys(sql: Sql, memory: Memory, { host, keys }: Signatory): Promise<{ use: KeyUse; publicKey: string }[]> {
  const own = publishedVkeys(host, keys).map(({ vkey }) => vkey);
  const lost: { use: KeyUse; publicKey: string }[] = [];
  for (const { vkey, use, retiredAt } of await listLogKeys(sql)) {
    if (own.includes(vkey)) continue;
    const key = parseVkey(vkey, sha256);
    if (key !== undefined) lost.push({ use, publicKey: hexOf(key.publicKey) });
    if (retiredAt === null) await retireLogKey(sql, vkey);
  }
  const installation = installationOf(memory);
  const known = new Set(installation.retired.map(({ publicKey }) => publicKey));
  const retired = [...installation.retired, ...lost.filter(({ publicKey }) => !known.has(publicKey))];
  await memory.keepInstallation({ ...installation, retired });
  return lost;
}

/**
 * Verifies an organisation's whole chain against the newest checkpoint signed here, and against what is remembered, and remembers it anew.
 * Nothing in the database is changed but for the record that this was done.
 */
export async function rebuildOrg(org: string, parts: RebuildParts): Promise<Rebuilt> {
  const { sql, memory, host, isOurs, now, forget, lost } = parts;
  const before = memory.orgs.get(org)?.position ?? null;
  const remembered = forget ? null : before;
  const view = (await readLedgerViews(sql, [org])).get(org);
  const fail = (problem: string, entries = 0): Rebuilt => ({ log: org, entries, problem });
  if (view === undefined) return fail('it has no ledger');
  const numbers = problemOfNewest(orgOrigin(host, org), remembered, view.newest, isOurs);
  if (numbers !== undefined) return fail(numbers);
  if (remembered !== null && view.nextSeq < remembered.size) return fail(`${remembered.size} entries were signed, and there are ${view.nextSeq}`);

  const size = Math.max(view.newest?.size ?? 0, remembered?.size ?? 0);
  const verified = await verifyChain(view, size, [view.newest, remembered], sql);
  if (typeof verified === 'string') return fail(verified);
  const { reading, entries } = verified;
  const storedSize = view.newest?.size ?? 0;
  const position: OrgPosition = {
    size: reading.tree.size,
    root: hexOf(reading.tree.root()),
    peaks: reading.tree.peaks.map(hexOf),
    head: reading.head,
    lastAtMs: reading.lastAtMs,
    number: Math.max(view.newest?.number ?? 0, remembered?.number ?? 0),
    signedAtMs: Math.max(view.newest?.storedAtMs ?? 0, remembered?.signedAtMs ?? 0),
    tiles: reading.tiles.filter(({ level, index }) => (index + 1) * TILE_WIDTH ** (level + 1) > storedSize),
    // None: so that it is signed at once with the keys that sign now, and its ledger is told of them again.
    keyIds: [],
    announced: [],
  };
  const { number } = position;
  await appendSignerNotes(sql, [
    ...lost.map(({ use, publicKey }) => keyRetired(org, use, vkeyOf(keyName(use, host, org), use, { publicKey: Buffer.from(publicKey, 'hex') }))),
    signerRebuilt(org, { silentSince: view.newest?.storedAtMs ?? null, number, size: position.size, atMs: now(), forgotten: forget ? before : null }),
  ]);
  await memory.keepOrgs([{ v: 1, org, position, refusal: null }]);
  return { log: org, entries, problem: null };
}

/** The same of the deployment log; its leaves are hashes of checkpoints. */
export async function rebuildDeployment({ sql, memory, host, isOurs, forget }: Omit<RebuildParts, 'now' | 'lost'>): Promise<Rebuilt> {
  const { deployment } = memory;
  const remembered = typeof deployment === 'object' && !forget ? deployment.position : null;
  const { newest } = await readDeployment(sql);
  const fail = (problem: string): Rebuilt => ({ log: 'deployment', entries: 0, problem });
  const numbers = problemOfNewest(deploymentOrigin(host), remembered, newest, isOurs);
  if (numbers !== undefined) return fail(numbers);

  const storedSize = newest?.size ?? 0;
  const tree = createTileBuilder(sha256);
  const pending = (remembered?.leaves ?? []).filter(({ index }) => index >= storedSize);
  const differs = (position: Pick<Position, 'size' | 'root'> | null): boolean => position?.size === tree.size && position.root !== hexOf(tree.root());
  for (;;) {
    const page = await readDeploymentLeaves(sql, { fromIndex: tree.size, limit: PAGE });
    for (const { index, hash } of page) {
      if (index !== tree.size) return fail(`leaf ${tree.size} is missing`);
      if (index === storedSize) return fail(`leaf ${index} is covered by no checkpoint`);
      tree.append(Buffer.from(hash, 'hex'));
      if (differs(remembered)) return fail(`its first ${tree.size} leaves are not those that were signed`);
    }
    if (page.length === 0) break;
  }
  if (tree.size !== storedSize || differs(newest)) return fail('its leaves are not those of its newest checkpoint');
  const tiles = [];
  for (const { index, hash } of pending) {
    if (index !== tree.size) return fail(`leaf ${tree.size} is missing`);
    for (const tile of tree.append(Buffer.from(hash, 'hex'))) tiles.push({ ...tile, root: hexOf(tile.root) });
  }
  if (differs(remembered) || tree.size < (remembered?.size ?? 0)) return fail('its leaves are not those that were signed');
  await memory.keepDeployment({
    v: 1,
    refusal: null,
    position: {
      size: tree.size,
      root: hexOf(tree.root()),
      peaks: tree.peaks.map(hexOf),
      number: Math.max(newest?.number ?? 0, remembered?.number ?? 0),
      signedAtMs: Math.max(newest?.storedAtMs ?? 0, remembered?.signedAtMs ?? 0),
      tiles,
      keyIds: [],
      leaves: pending,
    },
  });
  return { log: 'deployment', entries: tree.size, problem: null };
}

function problemOfNewest(origin: string, remembered: Position | null, newest: StoredCheckpoint | null, isOurs: IsOurs): string | undefined {
  if (newest !== null && !isOurs(origin, newest)) return `checkpoint ${newest.number} was not signed with a key of this directory`;
  if (remembered !== null && (newest?.number ?? 0) < remembered.number - 1) {
    return `checkpoint ${remembered.number - 1} was signed, and the newest stored one is ${newest?.number ?? 0}`;
  }
  return undefined;
}

/** Reads the whole ledger; answers the reading as it was at `size`, or what is wrong. */
async function verifyChain(
  view: LedgerView,
  size: number,
  signed: readonly (Pick<Position, 'size' | 'root'> | null)[],
  sql: Sql,
): Promise<{ reading: Reading; entries: number } | string> {
  const { org, nextSeq } = view;
  const reading = await beginAtFirstEntry(org, sql);
  if (typeof reading === 'string') return reading;
  const first = reading.tree.size;
  if (first > size) return `entries below ${first} are gone, and only ${size} were signed`;
  let atSize: Reading | undefined;
  for (;;) {
    for (const each of signed) {
      if (each?.size === reading.tree.size && each.root !== hexOf(reading.tree.root())) return `its first ${each.size} entries are not those that were signed`;
    }
    if (reading.tree.size === size) atSize = copyOf(reading);
    if (reading.tree.size >= nextSeq) break;
    // A page ends where a signed size does, so that roots are compared there.
    const until = Math.min(nextSeq, ...[size, ...signed.map((each) => each?.size ?? 0)].filter((end) => end > reading.tree.size));
    const page = await readEntries(sql, { org, fromSeq: reading.tree.size, untilSeq: until, limit: PAGE });
    if (page.length === 0) return missingEntry(reading).detail;
    for (const entry of page) {
      // The link of the first one after a pruned part cannot be recomputed; its hash counts for the signed root all the same.
      if (entry.seq === first && first > 0) takeLeaf(reading, entry);
      else {
        const contradiction = readEntry(reading, entry);
        if (contradiction !== undefined) return contradiction.detail;
      }
    }
  }
  const contradiction = checkHead(reading, view);
  if (contradiction !== undefined) return contradiction.detail;
  return atSize === undefined ? `there are fewer than ${size} entries` : { reading: atSize, entries: nextSeq - first };
}

/** A pruned ledger begins at a multiple of 256, behind the tiles that are left of what is gone. */
async function beginAtFirstEntry(org: string, sql: Sql): Promise<Reading | string> {
  const first = (await firstEntrySeq(sql, org)) ?? 0;
  if (first === 0) return beginReading(org, null);
  if (first % TILE_WIDTH !== 0) return 'entry 0 is missing';
  const range = createCompactRange(sha256);
  const gone = first / TILE_WIDTH;
  while (range.size < gone) {
    const page = await readTileRoots(sql, { org, fromIndex: range.size, untilIndex: Math.min(gone, range.size + PAGE) });
    for (const { index, root } of page) if (index === range.size) range.append(Buffer.from(root, 'hex'));
    if (page.length === 0 || page.at(-1)?.index !== range.size - 1) return `tile 0/${range.size} is missing`;
  }
  // Subtrees of tiles are subtrees of entries, eight levels higher: the peaks are the same.
  return { ...beginReading(org, null), tree: createTileBuilder(sha256, { size: first, peaks: range.peaks }) };
}

function copyOf(reading: Reading): Reading {
  const { size, peaks } = reading.tree;
  return { ...reading, tree: createTileBuilder(sha256, { size, peaks }), tiles: [...reading.tiles] };
}
