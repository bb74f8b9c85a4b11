import { FIELD_NAMES } from '../export-format.ts';
import type { RecordKind } from '../export-format.ts';
import { utf8 } from '../note.ts';
import { REMARK_TYPES } from './read-bodies.ts';
import { endOfWhole, wholeAt } from './scan-columns.ts';
import { hasBackslash, isAt, scanObject } from './scan-json.ts';
import type { Found, Shape } from './scan-json.ts';

/** A body that is in order as it stands: it is JSON, its fields are its own, and it says nothing of the ledger itself. */
export interface ScannedBody {
  /** Where its text begins and ends. */
  start: number;
  end: number;
  /** Of kind 1; 0 for others. */
  checkpointSize: number;
}

/**
 * Looks at a line of `bodies.ndjson` as bytes from the value of `fields` on, at a fraction of the cost of making values of them. Undefined for whatever is
 * not plainly in order: such a line must be read with `readBodies`, which alone says what is wrong. The line is UTF-8 and ends with an LF.
 */
export function scanBody(bytes: Uint8Array, fieldsStart: number, kind: RecordKind): ScannedBody | undefined {
  const { fields, body, pairs } = SHAPES[kind];
  starts.fill(-1);
  const fieldsEnd = scanObject(bytes, fieldsStart, fields, found);
  if (fieldsEnd < 0 || !isAt(bytes, fieldsEnd, MARK)) return undefined;
  const start = fieldsEnd + MARK.length;
  const end = scanObject(bytes, start, body, found);
  if (end < 0 || bytes[end] !== CLOSING_BRACE || bytes[end + 1] !== LF) return undefined;
  const type = kind === 3 ? BODY + FIELD_NAMES[3].indexOf('type') : TYPE;
  if (starts[type] !== -1 && !isPlainType(bytes, type)) return undefined;
  for (const { name, inBody, isOptional } of pairs) {
    if (starts[name] === -1) return undefined;
    const isOwn = starts[inBody] === -1 ? isWritten(bytes, name, NULL) || (isOptional && bytes[starts[name] ?? 0] === QUOTE) : isSame(bytes, name, inBody);
    if (!isOwn) return undefined;
  }
  if (kind !== 1) return { start, end, checkpointSize: 0 };
  const hasFindings = starts[FINDINGS] !== -1 && !isWritten(bytes, FINDINGS, EMPTY_LIST);
  if (hasFindings || starts[CATEGORIES] === -1 || !isWritten(bytes, CATEGORIES, EMPTY_LIST)) return undefined;
  const checkpointSize = checkpointSizeIn(bytes);
  return checkpointSize === undefined ? undefined : { start, end, checkpointSize };
}

const MARK = utf8(',"body":');
const EMPTY_LIST = utf8('[]');
const NULL = utf8('null');
const REMARKS = REMARK_TYPES.map((type) => utf8(`"${type}"`));
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
const QUOTE = 0x22;
const LF = 0x0a;

/** Slots: the fields first, then the members of the body that they are taken from. */
const TYPE = 12;
const FINDINGS = 13;
const CATEGORIES = FIELD_NAMES[1].indexOf('categories');
const CHECKPOINT_SIZE = FIELD_NAMES[1].indexOf('checkpointSize');
const BODY = 14;
const found: Found = { starts: new Int32Array(40), ends: new Int32Array(40) };
const { starts, ends } = found;

type Member = Shape['members'][number];
const member = (name: string, slot: number, inside?: Member[]): Member => ({
  name: utf8(name),
  slot,
  inside: inside === undefined ? undefined : { members: inside, isClosed: false },
});
const field = (name: string): number => BODY + FIELD_NAMES[1].indexOf(name);

/** `decision`, `policy` and `event` have slots behind all others, so that a second one of the name is noticed. */
const EVENT_BODY: Shape = {
  isClosed: false,
  members: [
    member('event', 36, [
      member('id', field('eventId')),
      member('agentId', field('agentId')),
      member('action', field('action')),
      member('sessionId', field('sessionId')),
    ]),
    member('decision', 37, [
      member('value', field('value')),
      member('riskScore', field('riskScore')),
      member('policy', 38, [member('version', field('policyVersion')), member('ruleId', field('ruleId'))]),
    ]),
    member('eventDigest', field('eventDigest')),
    member('findings', FINDINGS),
    member('type', TYPE),
  ],
};

interface Pair {
  /** Slot of a field, and of the member that it must be. */
  name: number;
  inBody: number;
  /** Not compared where the body does not have it. */
  isOptional: boolean;
}

interface LineShape {
  fields: Shape;
  body: Shape;
  pairs: Pair[];
}

function lineShape(kind: RecordKind): LineShape {
  const names = FIELD_NAMES[kind];
  const fields: Shape = { isClosed: true, members: names.map((name, slot) => member(name, slot)) };
  const pairs = names.map((name, slot) => ({ name: slot, inBody: BODY + slot, isOptional: kind === 1 && name === 'eventDigest' }));
  if (kind === 1) return { fields, body: EVENT_BODY, pairs: pairs.filter(({ name }) => name !== CATEGORIES && name !== CHECKPOINT_SIZE) };
  // Of an administrative record the type is a field as well.
  const members = names.map((name, slot) => member(name, BODY + slot));
  const typed = kind === 3 ? members : [...members, member('type', TYPE)];
  return { fields, body: { isClosed: false, members: typed }, pairs };
}

const SHAPES: Readonly<Record<RecordKind, LineShape>> = { 1: lineShape(1), 2: lineShape(2), 3: lineShape(3), 4: lineShape(4) };

/** The same text is the same value, but that of an object, which equals nothing. */
function isSame(bytes: Uint8Array, a: number, b: number): boolean {
  const start = starts[a] ?? 0;
  const length = (ends[a] ?? 0) - start;
  const other = starts[b] ?? 0;
  if ((ends[b] ?? 0) - other !== length) return false;
  for (let at = 0; at < length; at += 1) {
    const byte = bytes[start + at];
    if (byte !== bytes[other + at] || byte === OPENING_BRACE) return false;
  }
  return true;
}

function isWritten(bytes: Uint8Array, slot: number, text: Uint8Array): boolean {
  const start = starts[slot] ?? 0;
  return (ends[slot] ?? 0) - start === text.length && isAt(bytes, start, text);
}

function isPlainType(bytes: Uint8Array, slot: number): boolean {
  return !hasBackslash(bytes, starts[slot] ?? 0, ends[slot] ?? 0) && !REMARKS.some((type) => isWritten(bytes, slot, type));
}

/** A whole number of up to 15 digits, as it is mostly written. */
function checkpointSizeIn(bytes: Uint8Array): number | undefined {
  const start = starts[CHECKPOINT_SIZE] ?? -1;
  const end = endOfWhole(bytes, start);
  return start >= 0 && end === ends[CHECKPOINT_SIZE] ? wholeAt(bytes, start, end) : undefined;
}
