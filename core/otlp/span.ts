import type { Json } from '../../schemas/json.ts';

/** Attributes as JSON: integers beyond 2^53 - 1 and numbers that JSON does not have are strings, bytes are base64. */
export type Attributes = ReadonlyMap<string, Json>;

export interface SpanEvent {
  name: string;
  attributes: Attributes;
}

/** What is read of one span, whichever way it was encoded. */
export interface OtlpSpan {
  /** 32 characters of lower-case hex. */
  traceId: string;
  /** 16 characters of lower-case hex. */
  spanId: string;
  name: string;
  startMs: number;
  endMs: number;
  /** Its status is an error. */
  failed: boolean;
  attributes: Attributes;
  resource: Attributes;
  events: readonly SpanEvent[];
}

/** A span, or why it could not be read: one bad span leaves the others of its request alone. */
export type ReadSpan = { span: OtlpSpan } | { fault: string; spanId: string | null };

/** Most attributes of one span, span event or resource. */
export const MAX_ATTRIBUTES = 1_024;
/** Deepest nesting of one attribute's value. */
export const MAX_VALUE_DEPTH = 32;

/** Why a span cannot be read. The message is a fixed phrase that goes on from "a span" and quotes nothing. */
export class UnreadableSpan extends Error {
  readonly code = 'unreadable-span';
}

export const FAULT = {
  message: 'is not a well-formed message',
  ids: 'has no valid trace and span id',
  utf8: 'holds text that is not UTF-8',
  surrogate: 'holds half of a surrogate pair',
  type: 'has a field or an attribute of the wrong type',
  repeated: 'has two attributes of one name',
  reserved: 'has a member named __proto__',
  depth: `has a value nested deeper than ${MAX_VALUE_DEPTH} levels`,
  attributes: `has more than ${MAX_ATTRIBUTES} attributes`,
} as const;

/** Adds one attribute or member, each name once. @throws UnreadableSpan */
export function addAttribute(attributes: Map<string, Json>, name: string, value: Json): void {
  if (attributes.has(name)) throw new UnreadableSpan(FAULT.repeated);
  if (attributes.size >= MAX_ATTRIBUTES) throw new UnreadableSpan(FAULT.attributes);
  attributes.set(name, value);
}

/** A list of names and values as the object it stands for. @throws UnreadableSpan */
export function objectOfAttributes(attributes: Attributes): { [name: string]: Json } {
  if (attributes.has('__proto__')) throw new UnreadableSpan(FAULT.reserved);
  return Object.fromEntries(attributes);
}

/** A 64-bit integer in decimal: a number where it is exact, else its text. */
export function integerOf(decimal: string): number | string {
  const value = Number(decimal);
  return Number.isSafeInteger(value) ? value : decimal;
}

/** As text where JSON has no such number, and where its whole digits are more than a double is exact to: I-JSON (RFC 7493) has no such integers. */
export const doubleOf = (value: number): number | string =>
  Number.isFinite(value) && (Number.isSafeInteger(value) || !/^-?\d+$/.test(String(value))) ? value : String(value);
