import { hash as digestOf } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { signedNote, testKey } from './note-signer.ts';
import type { TestKey } from './note-signer.ts';
import { inclusionPath, leafOf, treeRoot } from './rfc6962.ts';

/**
 * Writes export directories from docs/spec/ledger-v1.md alone, for verifiers to judge: none of the product's ledger code is used here.
 * A ledger is a plain object, so that a test can spoil it before `exportFiles` makes files of it, and the files afterwards.
 */
export interface TestLedger {
  org: string;
  host: string;
  /** Sign what is signed from now on; the first one is the log's. */
  logKeys: TestKey[];
  timeKey: TestKey;
  deploymentKey: TestKey;
  /** What `keys.json` lists. */
  listedKeys: { vkey: string; use: string }[];
  entries: TestEntry[];
  checkpoints: TestCheckpoint[];
  /** Entries whose body is not there any more. */
  gone: Set<number>;
  minIndex: number;
  exportedAt: number;
}

export interface TestRecord {
  kind: 1 | 2 | 3 | 4;
  /** Text as it is, or what becomes RFC 8785 text. */
  body: string | object;
  /** Without `checkpointSize`. */
  fields: Record<string, unknown>;
  atMs: number;
  retainDays?: number;
}

export interface TestEntry {
  seq: number;
  kind: number;
  id: string;
  at: number;
  retain: number;
  fields: Record<string, unknown>;
  text: string;
  bodyHash: string;
  hash: string;
}

export interface TestCheckpoint {
  number: number;
  size: number;
  root: string;
  /** Epoch milliseconds: when it was stored. */
  at: number;
  note: string;
}

/** Files by their path in the directory. */
export type ExportFiles = Map<string, string | Buffer>;

export const TILE_SIZE = 256;

const sha256Hex = (text: string): string => digestOf('sha256', text);

export function createTestLedger({ org = '0190aaaa-0000-7000-8000-00000000000a', host = 'ledger.example.com', seed = 'one' } = {}): TestLedger {
  const logKey = testKey(`${host}/mg/org/${org}`, 1, `${seed} log`);
  const timeKey = testKey(`${host}/mg/time`, 4, `${seed} time`);
  const deploymentKey = testKey(`${host}/mg/deployment`, 1, `${seed} log`);
  const listedKeys = [
    { vkey: logKey.vkey, use: 'log' },
    { vkey: timeKey.vkey, use: 'time' },
    { vkey: deploymentKey.vkey, use: 'deployment' },
  ];
  return {
    org,
    host,
    logKeys: [logKey],
    timeKey,
    deploymentKey,
    listedKeys,
    entries: [],
    checkpoints: [],
    gone: new Set(),
    minIndex: 0,
    exportedAt: 0,
  };
}

export const originOf = ({ host, org }: TestLedger): string => `${host}/mg/org/${org}`;

/** Appends a record as the ledger would. */
export function append(ledger: TestLedger, { kind, body, fields, atMs, retainDays = 90 }: TestRecord): TestEntry {
  const seq = ledger.entries.length;
  const text = typeof body === 'string' ? body : sortedJson(body);
  const checkpointSize = ledger.checkpoints.at(-1)?.size ?? 0;
  const entry = {
    seq,
    kind,
    id: `7b1f6f0e-5f0d-5c3e-9a51-${seq.toString(16).padStart(12, '0')}`,
    at: atMs,
    retain: retainDays,
    fields: kind === 1 ? { ...fields, checkpointSize } : fields,
    text,
    bodyHash: sha256Hex(text),
    hash: '',
  };
  entry.hash = hashOf(ledger, entry, ledger.entries.at(-1)?.hash);
  ledger.entries.push(entry);
  return entry;
}

/** Entry hash; without `prev` the one of the first entry. */
export function hashOf({ org }: TestLedger, { at, bodyHash, id, kind, retain, seq }: Omit<TestEntry, 'hash'>, prev = sha256Hex(`mg-chain-v1:${org}`)): string {
  return leafOf(Buffer.from(JSON.stringify({ at, body: bodyHash, id, kind, org, prev, retain, seq, v: 1 }))).toString('hex');
}

/** Links and hashes all entries anew, as somebody would who rewrites history. */
export function rehash(ledger: TestLedger): void {
  for (const [index, entry] of ledger.entries.entries()) {
    entry.bodyHash = sha256Hex(entry.text);
    entry.hash = hashOf(ledger, entry, ledger.entries[index - 1]?.hash);
  }
}

export const leavesOf = ({ entries }: Pick<TestLedger, 'entries'>): Buffer[] => entries.map(({ hash }) => Buffer.from(hash, 'hex'));

/** A checkpoint of the entries there are, or of the first `size` of them. */
export function signCheckpoint(
  ledger: TestLedger,
  atMs: number,
  changes: { size?: number; root?: Buffer; origin?: string; seconds?: number } = {},
): TestCheckpoint {
  const { size = ledger.entries.length, origin = originOf(ledger), seconds = Math.floor(atMs / 1000) } = changes;
  const root = changes.root ?? treeRoot(leavesOf(ledger).slice(0, size));
  const note = signedNote({ origin, size, root, seconds, keys: [...ledger.logKeys, ledger.timeKey] });
  const checkpoint = { number: (ledger.checkpoints.at(-1)?.number ?? 0) + 1, size, root: root.toString('hex'), at: atMs, note };
  ledger.checkpoints.push(checkpoint);
  return checkpoint;
}

export function exportFiles(ledger: TestLedger): ExportFiles {
  const { org, entries, checkpoints, minIndex } = ledger;
  const last = entries.at(-1);
  const head = {
    nextSeq: entries.length,
    head: last?.hash ?? sha256Hex(`mg-chain-v1:${org}`),
    lastAt: last?.at ?? null,
    checkpointSize: checkpoints.at(-1)?.size ?? 0,
  };
  const anchorHash = entries[minIndex - 1]?.hash ?? null;
  const kept = entries.slice(minIndex);
  return new Map([
    [
      'export.json',
      JSON.stringify({
        format: 'mastguard-export',
        v: 1,
        org,
        origin: originOf(ledger),
        exportedAt: ledger.exportedAt,
        size: entries.length,
        minIndex,
        anchorHash,
        head,
      }),
    ],
    ['keys.json', JSON.stringify({ vkeys: ledger.listedKeys })],
    ['entries.ndjson', lines(kept.map(({ seq, kind, id, at, retain, bodyHash, hash }) => JSON.stringify({ seq, kind, id, at, retain, body: bodyHash, hash })))],
    ['bodies.ndjson', lines(kept.filter(({ seq }) => !ledger.gone.has(seq)).map(bodyLine))],
    ['checkpoints.ndjson', lines(checkpoints.map((checkpoint) => JSON.stringify(checkpoint)))],
    ['tiles.ndjson', lines(tilesOf(leavesOf(ledger).slice(0, checkpoints.at(-1)?.size ?? 0)).map((tile) => JSON.stringify(tile)))],
    ['deployment.json', JSON.stringify(deploymentOf(ledger))],
  ]);
}

/** A line of bodies.ndjson: the text itself, or as a string where it is no line of JSON. */
export function bodyLine({ seq, kind, id, at, retain, fields, text }: TestEntry): string {
  const head = JSON.stringify({ seq, kind, id, at, retain, fields }).slice(0, -1);
  return `${head}${isJsonLine(text) ? `,"body":${text}}` : `,"text":${JSON.stringify(text)}}`}`;
}

function isJsonLine(text: string): boolean {
  try {
    JSON.parse(text);
    return !text.includes('\n');
  } catch {
    return false;
  }
}

/** Roots of all full tiles. */
export function tilesOf(leaves: readonly Buffer[]): { level: number; index: number; root: string }[] {
  const tiles = [];
  let span = TILE_SIZE;
  for (let level = 0; span <= leaves.length; level += 1, span *= TILE_SIZE) {
    for (let index = 0; (index + 1) * span <= leaves.length; index += 1) {
      tiles.push({ level, index, root: treeRoot(leaves.slice(index * span, (index + 1) * span)).toString('hex') });
    }
  }
  return tiles;
}

export const deploymentLeaf = (note: string): Buffer => leafOf(digestOf('sha256', note, 'buffer'));

/** The newest checkpoint as a leaf of the deployment log, between leaves of others. */
export function deploymentOf({ host, checkpoints, deploymentKey, timeKey }: TestLedger): object | null {
  const newest = checkpoints.at(-1);
  if (newest === undefined) return null;
  const leaves = ['first', 'second', newest.note, 'fourth', 'fifth'].map(deploymentLeaf);
  const index = 2;
  const seconds = Math.floor(newest.at / 1000) + 1;
  const note = signedNote({ origin: `${host}/mg/deployment`, size: leaves.length, root: treeRoot(leaves), seconds, keys: [deploymentKey, timeKey] });
  return { note, number: newest.number, index, proof: inclusionPath(index, leaves).map((hash) => hash.toString('hex')) };
}

export function writeExport(directory: string, files: ExportFiles): void {
  for (const [name, content] of files) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
}

export const lines = (texts: readonly string[]): string => texts.map((text) => `${text}\n`).join('');

/** Members sorted, no spaces: RFC 8785 for what these tests record. */
export function sortedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${sortedJson(member)}`).join(',')}}`;
}
