import type { CheckpointLine, DeploymentFile, EntryLine, ExportFile, ReceiptLine, RecordKind, TileLine } from '../export-format.ts';
import { TILE_WIDTH } from '../tiles.ts';
import { isHash, isObject, isUuid, isWhole, readJson, readObject } from './read-json.ts';
import type { Line } from './split-lines.ts';

/** The lines and files of an export, each undefined where it is not what docs/spec/ledger-v1.md says («Reading it»). */
const WRITTEN =
  /^\{"seq":(0|[1-9][0-9]{0,14}),"kind":([1-4]),"id":"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})","at":(0|[1-9][0-9]{0,14}),"retain":(0|[1-9][0-9]{0,14}),"body":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"\}$/;

export function readEntry(line: Line): EntryLine | undefined {
  if (line === undefined) return undefined;
  // As an export is written; any other spelling of the same is read as well.
  const written = WRITTEN.exec(line);
  if (written !== null) {
    const [, seq, kind, id = '', at, retain, body = '', hash = ''] = written;
    return { seq: Number(seq), kind: Number(kind) as RecordKind, id, at: Number(at), retain: Number(retain), body, hash };
  }
  const { seq, kind, id, at, retain, body, hash } = readObject(line) ?? {};
  if (!isWhole(seq) || !isKind(kind) || !isUuid(id) || !isWhole(at) || !isWhole(retain) || !isHash(body) || !isHash(hash)) return undefined;
  return { seq, kind, id, at, retain, body, hash };
}

export const isKind = (value: unknown): value is RecordKind => value === 1 || value === 2 || value === 3 || value === 4;

export function readCheckpoint(line: Line): CheckpointLine | undefined {
  const { number, size, root, at, note } = readObject(line) ?? {};
  if (!isWhole(number) || !isWhole(size) || !isHash(root) || !isWhole(at) || typeof note !== 'string') return undefined;
  return { number, size, root, at, note };
}

export function readTile(line: Line): TileLine | undefined {
  const { level, index, root } = readObject(line) ?? {};
  return isWhole(level) && isWhole(index) && isHash(root) ? { level, index, root } : undefined;
}

export function readReceipt(line: Line): ReceiptLine | undefined {
  const { seq, entryHash, checkpointSize } = readObject(line) ?? {};
  return isWhole(seq) && isHash(entryHash) && isWhole(checkpointSize) ? { seq, entryHash, checkpointSize } : undefined;
}

/** `<host>` of its origin beside it. */
export function readExportFile(text: string): (ExportFile & { host: string }) | undefined {
  const value = readJson(text);
  if (!isObject(value)) return undefined;
  const { format, v, org, origin, exportedAt, size, minIndex, anchorHash, head } = value;
  if (format !== 'mastguard-export' || v !== 1 || !isUuid(org) || !isWhole(exportedAt) || !isWhole(size) || !isWhole(minIndex) || !isObject(head))
    return undefined;
  const ending = `/mg/org/${org}`;
  if (typeof origin !== 'string' || !origin.endsWith(ending) || origin.length === ending.length) return undefined;
  if (minIndex % TILE_WIDTH !== 0 || (minIndex === 0) !== (anchorHash === null) || !(anchorHash === null || isHash(anchorHash))) return undefined;
  const { nextSeq, head: hash, lastAt, checkpointSize } = head;
  if (!isWhole(nextSeq) || !isHash(hash) || !(lastAt === null || isWhole(lastAt)) || !isWhole(checkpointSize)) return undefined;
  const host = origin.slice(0, -ending.length);
  return { format, v, org, origin, host, exportedAt, size, minIndex, anchorHash, head: { nextSeq, head: hash, lastAt, checkpointSize } };
}

/** Null: nothing of the deployment log was given. */
export function readDeployment(text: string): DeploymentFile | null | undefined {
  const value = readJson(text);
  if (value === null) return null;
  if (!isObject(value)) return undefined;
  const { note, number, index, proof } = value;
  if (typeof note !== 'string' || !isWhole(number) || !isWhole(index) || !Array.isArray(proof) || !proof.every(isHash)) return undefined;
  return { note, number, index, proof };
}
