import type { Json } from '../../../schemas/json.ts';
import type { Sha256Hex } from '../../hashing.ts';
import { FIELD_NAMES, isSameJson, projectionOf } from '../export-format.ts';
import type { BodyLine, RecordKind } from '../export-format.ts';
import { claimOf } from './claim.ts';
import { isObject, isUuid, isWhole, readJson, readObject } from './read-json.ts';
import type { JsonMembers } from './read-json.ts';
import { isKind } from './read-lines.ts';
import type { Line } from './split-lines.ts';

/** What lines of `bodies.ndjson` say, in columns: cheap to hand from one thread to another. */
export interface BodyBatch {
  malformed: number;
  seqs: ArrayLike<number>;
  /** `claimOf` each, with the hash of the text. */
  claims: readonly string[];
  /** 1 where `fields` are those of the body, `checkpointSize` aside. */
  agree: ArrayLike<number>;
  /** Of kind 1; 0 for others. */
  checkpointSizes: ArrayLike<number>;
  /** Bodies that speak of the ledger itself, by their place in the batch. */
  remarks: readonly [at: number, remark: Remark][];
}

/** A batch that is being made. */
export interface OpenBodyBatch extends BodyBatch {
  seqs: number[];
  claims: string[];
  agree: number[];
  checkpointSizes: number[];
  remarks: [at: number, remark: Remark][];
}

export const emptyBodyBatch = (): OpenBodyBatch => ({ malformed: 0, seqs: [], claims: [], agree: [], checkpointSizes: [], remarks: [] });

/** Types of records that speak of the ledger itself: what was purged and by which rules, and why the signer was silent. */
export const REMARK_TYPES = [
  'ledger.purged',
  'signer.resumed',
  'hold.placed',
  'hold.released',
  'retention.extended',
  'retention.reduced',
  'retention.reduction-cancelled',
] as const;

export interface Remark {
  type: (typeof REMARK_TYPES)[number];
  target: Json;
  details: Json;
}

/** Reads and hashes bodies, each by itself: the part of a verifier's work that threads can share. */
export function readBodies(lines: readonly Line[], sha256Hex: Sha256Hex): BodyBatch {
  const batch = emptyBodyBatch();
  for (const line of lines) addBody(batch, line, sha256Hex);
  return batch;
}

/** Reads one line and adds what it says. */
export function addBody(batch: OpenBodyBatch, line: Line, sha256Hex: Sha256Hex): void {
  const read = line === undefined ? undefined : readLine(line);
  if (read === undefined) {
    batch.malformed += 1;
    return;
  }
  const { columns, text, body } = read;
  const { seq, kind, id, at, retain, fields } = columns;
  const remark = remarkOf(body);
  if (remark !== undefined) batch.remarks.push([batch.seqs.length, remark]);
  const { checkpointSize = 0 } = kind === 1 ? fields : {};
  batch.seqs.push(seq);
  batch.claims.push(claimOf(kind, id, at, retain, sha256Hex(text)));
  batch.agree.push(isWhole(checkpointSize) && isProjection(kind, fields, body) ? 1 : 0);
  batch.checkpointSizes.push(isWhole(checkpointSize) ? checkpointSize : 0);
}

interface ReadBody {
  columns: BodyLine;
  text: string;
  body: Json;
}

const MARK = ',"body":';

function readLine(line: string): ReadBody | undefined {
  const mark = line.indexOf(MARK);
  if (mark < 0) return readTextLine(line);
  if (!line.startsWith('{') || !line.endsWith('}')) return undefined;
  const text = line.slice(mark + MARK.length, -1);
  const body = readJson(text);
  const columns = readWritten(line, mark) ?? readColumns(readObject(`${line.slice(0, mark)}}`));
  return body === undefined || columns === undefined ? undefined : { columns, text, body };
}

const WRITTEN =
  /^\{"seq":(0|[1-9][0-9]{0,14}),"kind":([1-4]),"id":"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})","at":(0|[1-9][0-9]{0,14}),"retain":(0|[1-9][0-9]{0,14}),"fields":/;

/** As an export is written. What follows `fields`, if anything, makes them no JSON. */
function readWritten(line: string, mark: number): BodyLine | undefined {
  const written = WRITTEN.exec(line);
  if (written === null) return undefined;
  const [{ length }, seq, kind, id = '', at, retain] = written;
  const fields = readJson(line.slice(length, mark));
  if (!isObject(fields)) return undefined;
  return { seq: Number(seq), kind: Number(kind) as RecordKind, id, at: Number(at), retain: Number(retain), fields };
}

/** A body that is no JSON, or has a line feed. Half a surrogate pair has no bytes that it could be hashed from. */
function readTextLine(line: string): ReadBody | undefined {
  const members = readObject(line);
  const columns = readColumns(members);
  const text = members?.['text'];
  if (columns === undefined || typeof text !== 'string' || /[\ud800-\udfff]/u.test(text)) return undefined;
  return { columns, text, body: readJson(text) ?? null };
}

function readColumns(members: JsonMembers | undefined): BodyLine | undefined {
  const { seq, kind, id, at, retain, fields } = members ?? {};
  return isWhole(seq) && isKind(kind) && isUuid(id) && isWhole(at) && isWhole(retain) && isObject(fields) ? { seq, kind, id, at, retain, fields } : undefined;
}

function isProjection(kind: RecordKind, fields: JsonMembers, body: Json): boolean {
  const names = FIELD_NAMES[kind];
  if (Object.keys(fields).length !== names.length || !names.every((name) => Object.hasOwn(fields, name))) return false;
  const expected = projectionOf(kind, body);
  return Object.keys(expected).every((name) => isSameJson(fields[name] ?? null, expected[name] ?? null));
}

function remarkOf(body: Json): Remark | undefined {
  const { type: named, target = null, details = null } = isObject(body) ? body : {};
  const type = REMARK_TYPES.find((each) => each === named);
  return type === undefined ? undefined : { type, target, details };
}
