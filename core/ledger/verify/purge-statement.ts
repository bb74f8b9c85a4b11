import type { Json } from '../../../schemas/json.ts';
import type { EarlierPurge, Extension, PurgeRules, PurgeStatement, Reduction } from '../retention.ts';
import { isHash, isObject, isWhole } from './read-json.ts';

/** The `details` of a `ledger.purged` record; undefined where they have not that form and so explain nothing. */
export function readPurgeStatement(details: Json): PurgeStatement | undefined {
  if (!isObject(details)) return undefined;
  const { counts, minIndex, anchorHash, earlier = [] } = details;
  const rules = readRules(details);
  const readCounts = readWholes(counts, ['agentEvents', 'hitlDecisions', 'auditRecords', 'policyViolations']);
  const readEarlier = readAll(earlier, readEarlierPurge);
  if (rules === undefined || readCounts === undefined || readEarlier === undefined) return undefined;
  if (!isWhole(minIndex) || !(anchorHash === null || isHash(anchorHash))) return undefined;
  return { ...rules, earlier: readEarlier, counts: readCounts, minIndex, anchorHash };
}

function readEarlierPurge(value: Json): EarlierPurge | undefined {
  const place = isObject(value) && Object.hasOwn(value, 'seq') ? readWholes(value, ['seq', 'at']) : readWholes(value, ['at']);
  const rules = readRules(value);
  return place === undefined || rules === undefined ? undefined : { ...place, ...rules };
}

function readRules(value: Json): PurgeRules | undefined {
  if (!isObject(value)) return undefined;
  const { upTo, extended, reduced, held } = value;
  const readExtended = readAll(extended, readExtension);
  const readReduced = reduced === null ? null : readReduction(reduced);
  const readHeld = readAll(held, readHeldRange);
  if (!isWhole(upTo) || readExtended === undefined || readReduced === undefined || readHeld === undefined) return undefined;
  return { upTo, extended: readExtended, reduced: readReduced, held: readHeld };
}

export const readExtension = (value: Json | undefined): Extension | undefined => readWholes(value, ['beforeSeq', 'days']);

export const readReduction = (value: Json | undefined): Reduction | undefined => readWholes(value, ['beforeSeq', 'days', 'noticeAt', 'effectiveAt']);

function readHeldRange(value: Json): PurgeRules['held'][number] | undefined {
  if (!isObject(value)) return undefined;
  const { id, from, until } = value;
  if (typeof id !== 'string' || !(from === null || isWhole(from)) || !(until === null || isWhole(until))) return undefined;
  return { id, from, until };
}

/** These members of an object, whole numbers each. */
function readWholes<Name extends string>(value: Json | undefined, names: readonly Name[]): Record<Name, number> | undefined {
  if (!isObject(value) || !names.every((name) => isWhole(value[name]))) return undefined;
  return Object.fromEntries(names.map((name) => [name, value[name]])) as Record<Name, number>;
}

function readAll<T>(values: Json | undefined, read: (value: Json) => T | undefined): T[] | undefined {
  if (!Array.isArray(values)) return undefined;
  const all = values.map(read).filter((each) => each !== undefined);
  return all.length === values.length ? all : undefined;
}
