import { spawn } from 'node:child_process';
import { generateKeyPairSync, hash, sign } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesOfHex, hexOf } from '../core/encoding/hex.ts';
import { canonicalize } from '../core/json/canonical.ts';
import { entryText, genesisOf, leafHash } from '../core/ledger/chain.ts';
import { deploymentLeaf, signCheckpoint } from '../core/ledger/checkpoint.ts';
import { projectionOf } from '../core/ledger/export-format.ts';
import type { DeploymentFile } from '../core/ledger/export-format.ts';
import { deploymentOrigin, orgOrigin, timeKeyName } from '../core/ledger/log-names.ts';
import { formatVkey, SIGNATURE_TYPE, utf8 } from '../core/ledger/note.ts';
import type { NoteSigner } from '../core/ledger/note.ts';
import { createTileBuilder } from '../core/ledger/tiles.ts';
import type { TileRoot } from '../core/ledger/tiles.ts';

export interface VerifyBenchOptions {
  entries?: number;
  rounds?: number;
  /** Where the lines go. */
  print?: (line: string) => void;
}

const ORG = '0190aaaa-0000-7000-8000-00000000000b';
const HOST = 'ledger.example.com';
const ORIGIN = orgOrigin(HOST, ORG);
const FIRST_MS = 1_767_225_600_000;
const ENTRIES_A_CHECKPOINT = 1_024;

const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');
const sha256Hex = (text: string): string => hash('sha256', text);

/**
 * `mastguard verify`, as compiled, on an export of events with lines of bodies of about 1,100 bytes, 550 of them the body, and a checkpoint every 1,024 entries: a table, then one JSON
 * line a round `{bench, entries, perSec, ms}`. The whole process counts, its start included.
 */
export async function runVerifyBench({
  entries = 300_000,
  rounds = 3,
  print = (line) => void process.stdout.write(`${line}\n`),
}: VerifyBenchOptions = {}): Promise<void> {
  const cli = join(import.meta.dirname, '../dist/cli/mastguard.js');
  if (!existsSync(cli)) throw new Error('build first: npm run build');
  const directory = await mkdtemp(join(tmpdir(), 'mastguard-bench-'));
  try {
    await writeExport(directory, entries);
    const results = [];
    for (let round = 0; round < rounds; round += 1) {
      const ms = await verify(cli, directory, entries);
      results.push({ bench: 'verify', entries, perSec: Math.round((1_000 * entries) / ms), ms: Math.round(ms) });
    }
    print(['entries', 'per second', 'ms'].map((title) => title.padStart(11)).join(''));
    for (const { perSec, ms } of results) print([entries, perSec, ms].map((value) => String(value).padStart(11)).join(''));
    for (const result of results) print(JSON.stringify(result));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Milliseconds of one run. A run that finds something has measured something else. */
async function verify(cli: string, directory: string, entries: number): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [cli, 'verify', directory, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  const ms = performance.now() - startedAt;
  if (code !== 0 || (JSON.parse(text) as { bodies: number }).bodies !== entries) throw new Error(`verify ended with ${code}: ${text}`);
  return ms;
}

async function writeExport(directory: string, count: number): Promise<void> {
  const [logKey, timeKey, deploymentKey] = [noteSigner(ORIGIN), noteSigner(timeKeyName(HOST)), noteSigner(deploymentOrigin(HOST))];
  const vkeys = [
    { vkey: formatVkey({ ...logKey, type: SIGNATURE_TYPE.ed25519 }, sha256), use: 'log' },
    { vkey: formatVkey({ ...deploymentKey, type: SIGNATURE_TYPE.ed25519 }, sha256), use: 'deployment' },
    { vkey: formatVkey({ ...timeKey, type: SIGNATURE_TYPE.cosignature }, sha256), use: 'time' },
  ];
  const tree = createTileBuilder(sha256);
  const tiles: TileRoot[] = [];
  const checkpoints: string[] = [];
  let newest = '';
  const files = [createWriteStream(join(directory, 'entries.ndjson')), createWriteStream(join(directory, 'bodies.ndjson'))] as const;
  let prev = genesisOf(ORG, sha256Hex);
  let checkpointSize = 0;
  let at = FIRST_MS;
  for (let seq = 0; seq < count; seq += 1) {
    at = FIRST_MS + seq * 4;
    const { body, fields } = benchBody(seq, checkpointSize);
    const head = { seq, kind: 1, id: `7b1f6f0e-5f0d-5c3e-9a51-${seq.toString(16).padStart(12, '0')}`, at, retain: 2_555 };
    const bodyHash = sha256Hex(body);
    prev = leafHash(entryText({ org: ORG, seq, kind: 1, id: head.id, atMs: at, retainDays: head.retain, bodyHash, entryHash: '' }, prev), sha256Hex);
    tiles.push(...tree.append(bytesOfHex(prev) ?? new Uint8Array(0)));
    const [entriesFile, bodiesFile] = files;
    const isFull = [
      entriesFile.write(`${JSON.stringify({ ...head, body: bodyHash, hash: prev })}\n`),
      bodiesFile.write(`${JSON.stringify({ ...head, fields }).slice(0, -1)},"body":${body}}\n`),
    ].includes(false);
    if (isFull) for (const file of files) if (file.writableNeedDrain) await once(file, 'drain');
    if (tree.size % ENTRIES_A_CHECKPOINT === 0 || tree.size === count) {
      checkpointSize = tree.size;
      const root = tree.root();
      newest = signCheckpoint({ origin: ORIGIN, size: tree.size, root, atMs: at, logKeys: [logKey], timeKey, sha256 });
      checkpoints.push(JSON.stringify({ number: checkpoints.length + 1, size: tree.size, root: hexOf(root), at, note: newest }));
    }
  }
  await Promise.all(files.map((file) => new Promise<void>((resolve) => void file.end(resolve))));
  const head = { nextSeq: count, head: prev, lastAt: at, checkpointSize };
  const tileLines = tiles.toSorted((a, b) => a.level - b.level || a.index - b.index).map((tile) => JSON.stringify({ ...tile, root: hexOf(tile.root) }));
  await writeFile(join(directory, 'checkpoints.ndjson'), linesOf(checkpoints));
  await writeFile(join(directory, 'tiles.ndjson'), linesOf(tileLines));
  await writeFile(join(directory, 'keys.json'), JSON.stringify({ vkeys }));
  await writeFile(join(directory, 'deployment.json'), JSON.stringify(deploymentOf(newest, checkpoints.length, { at, logKeys: [deploymentKey], timeKey })));
  const exported = { format: 'mastguard-export', v: 1, org: ORG, origin: ORIGIN, exportedAt: at, size: count, minIndex: 0, anchorHash: null, head };
  await writeFile(join(directory, 'export.json'), JSON.stringify(exported));
}

/** A deployment log of one leaf, the newest checkpoint. */
function deploymentOf(newest: string, number: number, { at, ...keys }: { at: number; logKeys: NoteSigner[]; timeKey: NoteSigner }): DeploymentFile {
  const root = deploymentLeaf(sha256(utf8(newest)), sha256);
  return { note: signCheckpoint({ origin: deploymentOrigin(HOST), size: 1, root, atMs: at, ...keys, sha256 }), number, index: 0, proof: [] };
}

const linesOf = (texts: readonly string[]): string => texts.map((text) => `${text}\n`).join('');

function noteSigner(name: string): NoteSigner {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const x = publicKey.export({ format: 'jwk' }).x ?? '';
  return { name, publicKey: Buffer.from(x, 'base64url'), sign: (message) => sign(null, message, privateKey) };
}

const CONTENT = 'The customer asks for the refund of an order that arrived late. '.repeat(5);

function benchBody(seq: number, checkpointSize: number) {
  const id = `evt_${seq}`;
  const event = {
    id,
    agentId: 'billing-assistant',
    action: 'refund',
    content: CONTENT,
    tool: { name: 'refund', args: { amount: seq % 1_000, currency: 'EUR' } },
  };
  const decision = { id: `dec_${seq}`, eventId: id, value: 'ALLOW', mast: [], riskScore: 0, reasons: [], policy: null, latencyMs: 3 };
  const requester = { requester: 'key:benchmark', requestId: `req_${seq}` };
  const record = { v: 1, mode: 'governed', event, decision, evaluatedAt: '2026-01-01T00:00:00.000Z', findings: [], ...requester };
  const fields = { eventDigest: 'ab'.repeat(32), ...projectionOf(1, record), checkpointSize };
  return { body: canonicalize(record), fields };
}
