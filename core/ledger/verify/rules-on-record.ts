import type { Json } from '../../../schemas/json.ts';
import type { Extension, HeldRange, Reduction } from '../retention.ts';
import { readExtension, readPurgeStatement, readReduction } from './purge-statement.ts';
import type { Remark } from './read-bodies.ts';
import { isObject } from './read-json.ts';

/** The rules that the ledger's own records speak of: step 3 of docs/spec/ledger-v1.md. Grows with the number of such rules, not with that of entries. */
export interface RulesOnRecord {
  /** `rangeOf` each hold that is placed, by its id. */
  holds: ReadonlyMap<string, string>;
  /** Those that no other one outdoes. */
  extensions: readonly Extension[];
  /** The newest one; null where it was cancelled, undefined where nothing is known. */
  reduction: Reduction | null | undefined;
  /** The next record. One that is not of its form is passed over. */
  take(remark: Remark): void;
  /** A record that cannot be read: it may have released a hold, or cancelled a reduction. Nothing shortens an extension. */
  takeUnread(): void;
}

export function createRulesOnRecord(): RulesOnRecord {
  const holds = new Map<string, string>();
  let extensions: Extension[] = [];
  let reduction: Reduction | null | undefined;

  const extend = (extension: Extension): void => {
    if (extensions.some((other) => outdoes(other, extension))) return;
    extensions = [...extensions.filter((other) => !outdoes(extension, other)), extension];
  };
  const takePurge = (details: Json): void => {
    const { held = [], extended = [] } = readPurgeStatement(details) ?? {};
    for (const hold of held) if (!holds.has(hold.id)) holds.set(hold.id, rangeOf(hold));
    for (const extension of extended) extend(extension);
  };

  return {
    holds,
    get extensions() {
      return extensions;
    },
    get reduction() {
      return reduction;
    },
    take({ type, target, details }) {
      if (type === 'ledger.purged') takePurge(details);
      else if (type === 'hold.placed') {
        const range = recordedRange(details);
        if (typeof target === 'string' && range !== undefined) holds.set(target, range);
      } else if (type === 'hold.released') {
        if (typeof target === 'string') holds.delete(target);
      } else if (type === 'retention.extended') {
        const extension = readExtension(details);
        if (extension !== undefined) extend(extension);
      } else if (type === 'retention.reduced') reduction = readReduction(details) ?? reduction;
      else if (type === 'retention.reduction-cancelled') reduction = null;
    },
    takeUnread() {
      holds.clear();
      reduction = undefined;
    },
  };
}

/** Whether `long` keeps whatever `short` keeps. */
export const outdoes = (long: Extension, short: Extension): boolean => long.beforeSeq >= short.beforeSeq && long.days >= short.days;

/** A range of a statement as one text, written as records have it. */
export const rangeOf = ({ from, until }: Pick<HeldRange, 'from' | 'until'>): string => `${textOf(from)} ${textOf(until)}`;

/** The last millisecond that has four digits of a year; no record names a later one. */
const LAST_MS = 253_402_300_799_999;

function textOf(ms: number | null): string {
  if (ms === null) return OPEN;
  return ms > LAST_MS ? String(ms) : new Date(ms).toISOString();
}

const OPEN = 'open';
const TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/;

/** The range of a `hold.placed` record. */
function recordedRange(details: Json): string | undefined {
  if (!isObject(details)) return undefined;
  const { from, until } = details;
  return isRecordedTime(from) && isRecordedTime(until) ? `${from ?? OPEN} ${until ?? OPEN}` : undefined;
}

const isRecordedTime = (value: Json | undefined): value is string | null => value === null || (typeof value === 'string' && TIME.test(value));
