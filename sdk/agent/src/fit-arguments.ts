import type { Json } from '../../compliance/src/api-types.ts';
import { sha256Hex } from './sha256-hex.ts';

type Arguments = Record<string, Json>;

/** Arguments as they fit into an event. */
export interface FittedArguments {
  args: Arguments;
  /** Long texts, and long lists and objects as JSON, that stand in `args` only by their digest; to be governed on their own. */
  texts: string[];
  /** Puts the texts back, into arguments that a reviewer has changed too. */
  restore: (args: Arguments) => Arguments;
}

/** UTF-8 bytes of the JSON of the arguments that leave room for the rest of an event of 64 KiB. */
const MAX_BYTES = 48_000;
/** Shorter texts stay where they are. */
const LONG_CHARS = 1_000;

/**
 * A file to be written may be longer than an event. A digest in its place binds decision and approval to the same text all the same.
 * @returns undefined where the arguments do not fit even so
 */
export function fitArguments(args: Arguments): FittedArguments | undefined {
  if (bytesOf(args) <= MAX_BYTES) return { args, texts: [], restore: (changed) => changed };
  const texts = new Map<string, string>();
  const fitted = mapTexts(args, (text) => {
    if (text.length <= LONG_CHARS) return text;
    const place = `[${text.length} characters, sha256 ${sha256Hex(text)}]`;
    texts.set(place, text);
    return place;
  }) as Arguments;
  if (bytesOf(fitted) <= MAX_BYTES) {
    return { args: fitted, texts: [...texts.values()], restore: (changed) => mapTexts(changed, (text) => texts.get(text) ?? text) as Arguments };
  }
  return fitMembers(args);
}

/** Whole members by their digest: a long list of short values has no text that could stand aside. */
function fitMembers(args: Arguments): FittedArguments | undefined {
  const members = new Map<string, { value: Json; written: string }>();
  const fitted = Object.entries(args).map(([key, value]): [string, Json] => {
    const written = JSON.stringify(value);
    if (written.length <= LONG_CHARS) return [key, value];
    const place = `[${written.length} characters of JSON, sha256 ${sha256Hex(written)}]`;
    members.set(place, { value, written });
    return [key, place];
  });
  const whole = Object.fromEntries(fitted);
  if (bytesOf(whole) > MAX_BYTES) return undefined;
  const valueAt = (value: Json): Json => (typeof value === 'string' ? (members.get(value)?.value ?? value) : value);
  return {
    args: whole,
    texts: [...members.values()].map(({ written }) => written),
    restore: (changed) => Object.fromEntries(Object.entries(changed).map(([key, value]) => [key, valueAt(value)])),
  };
}

/** Of arguments that do not fit even so, as many as do, the shortest first: what rules compare is short. */
export function shortestArguments(args: Arguments): Arguments {
  const entries = Object.entries(args).map(([key, value]) => ({ key, value, bytes: bytesOf({ [key]: value }) }));
  let left = MAX_BYTES;
  const kept = new Set(entries.toSorted((one, other) => one.bytes - other.bytes).filter(({ bytes }) => (left -= bytes) >= 0));
  return Object.fromEntries(entries.filter((entry) => kept.has(entry)).map(({ key, value }) => [key, value]));
}

const encoder = new TextEncoder();
const bytesOf = (value: Json): number => encoder.encode(JSON.stringify(value)).length;

function mapTexts(value: Json, change: (text: string) => string): Json {
  if (typeof value === 'string') return change(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, mapTexts(member, change)]));
}
