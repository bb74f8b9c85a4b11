import type { DeploymentFile, ExportFile, KeysFile } from '../core/ledger/export-format.ts';
import { keysOfOrg, orgOrigin } from '../core/ledger/log-names.ts';
import type { Sql } from './client.ts';
import { proveDeployment } from './deployment-proof.ts';
import { ledgerPrimitives } from './ledger-primitives.ts';
import { deploymentProofParts, listLogKeys, type LogKeyRow } from './queries/checkpoints.ts';
import {
  type ExportedBody,
  readExportedBodies,
  readExportedCheckpoints,
  readExportedEntries,
  readExportedTiles,
  readExportPin,
  type SeqRange,
} from './queries/ledger-export.ts';

/** What the files of one export are cut at, whatever is appended, signed or purged meanwhile. */
export interface ExportSnapshot {
  /** Entries. */
  size: number;
  /** Number of the last checkpoint; 0: none. */
  checkpoint: number;
  /** What it speaks of. */
  signedSize: number;
  /** The newest purge entry; −1: none. What is purged after it is not explained within `size`. */
  purge: number;
  /** Entries begin here. */
  minIndex: number;
}

export interface LedgerExport {
  snapshot: ExportSnapshot;
  header: ExportFile;
  keys: KeysFile;
  deployment: DeploymentFile | null;
}

/** An organisation's export as of now, but for the files of many lines. Undefined when it has no ledger. `host` names a log that was never signed. */
export async function openExport(sql: Sql, { orgId, host }: { orgId: string; host: string }): Promise<LedgerExport | undefined> {
  // Before the pin: what it covers is among the checkpoints then.
  const parts = await deploymentProofParts(sql, orgId);
  const [pin, keys] = await Promise.all([readExportPin(sql, orgId), listLogKeys(sql)]);
  if (pin === undefined) return undefined;
  const { exportedAt, nextSeq, head, lastAt, checkpointSize, minIndex, anchorHash } = pin;
  return {
    snapshot: { size: nextSeq, checkpoint: pin.checkpoint, signedSize: pin.signedSize, purge: pin.purgeSeq ?? -1, minIndex },
    header: {
      format: 'mastguard-export',
      v: 1,
      org: orgId,
      origin: orgOrigin(hostOf(keys) ?? host, orgId),
      exportedAt,
      size: nextSeq,
      minIndex,
      anchorHash,
      head: { nextSeq, head, lastAt, checkpointSize },
    },
    keys: { vkeys: keysOfOrg(keys, orgId, ledgerPrimitives.sha256).map(({ vkey, use }) => ({ vkey, use })) },
    deployment: parts === undefined ? null : await proveDeployment(sql, parts),
  };
}

export interface LinesQuery {
  orgId: string;
  file: 'entries.ndjson' | 'bodies.ndjson' | 'checkpoints.ndjson' | 'tiles.ndjson';
  snapshot: ExportSnapshot;
  /** A `seq`, the `number` of a checkpoint, or `<level>/<index>` of a tile; from the beginning without it. */
  from?: string | undefined;
}

/** The lines of a file, page by page: no statement is long, and nothing is held open between two of them. */
export function exportPages(sql: Sql, { orgId, file, snapshot, from }: LinesQuery): AsyncGenerator<string[]> {
  const { size, checkpoint, signedSize, minIndex } = snapshot;
  const [first = 0, second = 0] = (from ?? '').split('/').map(Number);
  switch (file) {
    case 'entries.ndjson':
      return seqPages(Math.max(first, minIndex), size, async (range) =>
        (await readExportedEntries(sql, { orgId, ...range })).map((entry) => [entry.seq, JSON.stringify(entry)]),
      );
    case 'bodies.ndjson':
      return seqPages(Math.max(first, minIndex), size, async (range) =>
        (await readExportedBodies(sql, { orgId, ...range })).map((body) => [body.seq, bodyLine(body)]),
      );
    case 'checkpoints.ndjson':
      return pages(Math.max(1, first), async (next) => {
        const rows = await readExportedCheckpoints(sql, { orgId, from: next, to: checkpoint });
        return { lines: rows.map((row) => JSON.stringify(row)), next: (rows.at(-1)?.number ?? 0) + 1 };
      });
    case 'tiles.ndjson':
      return pages({ level: first, index: second }, async (next) => {
        const rows = await readExportedTiles(sql, { orgId, from: next, size: signedSize });
        const { level = 0, index = 0 } = rows.at(-1) ?? {};
        return { lines: rows.map((row) => JSON.stringify(row)), next: { level, index: index + 1 } };
      });
  }
}

/** What the ledger holds up to `size`; and what stands behind its head, where nothing may. Below `minIndex` there may be a rest that is about to go. */
async function* seqPages(from: number, size: number, read: (range: SeqRange) => Promise<[seq: number, line: string][]>): AsyncGenerator<string[]> {
  const page = (until: SeqRange['until']) => async (next: number) => {
    const rows = await read({ from: next, until });
    return { lines: rows.map(([, line]) => line), next: (rows.at(-1)?.[0] ?? 0) + 1 };
  };
  yield* pages(from, page(size));
  yield* pages(Math.max(from, size), page('beyond-head'));
}

async function* pages<Position>(start: Position, read: (from: Position) => Promise<{ lines: string[]; next: Position }>): AsyncGenerator<string[]> {
  for (let { lines, next } = await read(start); lines.length > 0; { lines, next } = await read(next)) yield lines;
}

/** The recorded text is put in as it is, last, so that its bytes can be taken out again. */
export function bodyLine({ seq, kind, id, at, retain, fields, body }: ExportedBody): string {
  const member = isOneJsonLine(body) ? `"body":${body}` : `"text":${JSON.stringify(body)}`;
  return `{"seq":${seq},"kind":${kind},"id":"${id}","at":${at},"retain":${retain},"fields":${fields},${member}}`;
}

function isOneJsonLine(text: string): boolean {
  if (text.includes('\n')) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Of the newest key of organisations' logs; undefined until something was signed. */
function hostOf(keys: readonly LogKeyRow[]): string | undefined {
  return keys.findLast(({ use }) => use === 'log')?.name.replace(/\/mg\/org$/, '');
}
