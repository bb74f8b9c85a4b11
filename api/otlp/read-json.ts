import {
  addAttribute,
  type Attributes,
  doubleOf,
  FAULT,
  integerOf,
  MAX_VALUE_DEPTH,
  objectOfAttributes,
  type ReadSpan,
  type SpanEvent,
  UnreadableSpan,
} from '../../core/otlp/span.ts';
import type { Json } from '../../schemas/json.ts';
import { idsAreValid, MalformedTraces, MAX_SPANS, TooManySpans } from './read-limits.ts';

/**
 * Reads `ExportTraceServiceRequest` in OTLP's own JSON: ids in hex, 64-bit integers as numbers or decimal text, enumerations as numbers,
 * unknown members ignored (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding).
 * @throws MalformedTraces, TooManySpans
 */
export function readJsonTraces(bytes: Buffer): ReadSpan[] {
  const text = decode(bytes);
  const root = parse(text);
  // Only an escape can spell half a surrogate pair.
  const checked: Check = /\\u[dD][89a-fA-F]/.test(text) ? refuseHalfPairs : passThrough;
  const spans: ReadSpan[] = [];
  for (const resourceSpans of listIn(root, 'resourceSpans')) {
    const resource = attributesOrFault(asEnvelope(resourceSpans)['resource'], checked);
    for (const scopeSpans of listIn(asEnvelope(resourceSpans), 'scopeSpans')) {
      for (const span of listIn(asEnvelope(scopeSpans), 'spans')) {
        if (spans.length >= MAX_SPANS) throw new TooManySpans();
        spans.push('fault' in resource ? { fault: resource.fault, spanId: null } : readSpan(span, resource.attributes, checked));
      }
    }
  }
  return spans;
}

type Members = Record<string, unknown>;
type Check = (text: string) => string;

const passThrough: Check = (text) => text;
const refuseHalfPairs: Check = (text) => {
  if (/\p{Surrogate}/u.test(text)) throw new UnreadableSpan(FAULT.surrogate);
  return text;
};

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new MalformedTraces('the body is not UTF-8', { cause });
  }
}

function parse(text: string): Members {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch (cause) {
    throw new MalformedTraces('the body is not JSON', { cause });
  }
  return asEnvelope(root);
}

const isMembers = (value: unknown): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value);

function asEnvelope(value: unknown): Members {
  if (!isMembers(value)) throw new MalformedTraces('the body is not an ExportTraceServiceRequest in JSON');
  return value;
}

function listIn(members: Members, name: string): unknown[] {
  const list = members[name] ?? [];
  if (!Array.isArray(list)) throw new MalformedTraces(`${name} is not a list`);
  return list;
}

function attributesOrFault(resource: unknown, checked: Check): { attributes: Attributes } | { fault: string } {
  try {
    return { attributes: readAttributes(resource === undefined || resource === null ? [] : membersOf(resource)['attributes'], checked, 0) };
  } catch (error) {
    return { fault: faultOf(error) };
  }
}

function readSpan(value: unknown, resource: Attributes, checked: Check): ReadSpan {
  let spanId: string | null = null;
  try {
    const members = membersOf(value);
    const ids = { traceId: idOf(members['traceId']), spanId: idOf(members['spanId']) };
    if (!idsAreValid(ids)) return { fault: FAULT.ids, spanId: null };
    spanId = ids.spanId;
    const span = {
      ...ids,
      name: checked(textOr(members['name'], '')),
      startMs: millisecondsOf(members['startTimeUnixNano']),
      endMs: millisecondsOf(members['endTimeUnixNano']),
      failed: statusIsError(members['status']),
      attributes: readAttributes(members['attributes'], checked, 0),
      resource,
      events: membersList(members['events']).map((event): SpanEvent => {
        const { name, attributes } = membersOf(event);
        return { name: checked(textOr(name, '')), attributes: readAttributes(attributes, checked, 0) };
      }),
    };
    return { span };
  } catch (error) {
    return { fault: faultOf(error), spanId };
  }
}

function readAttributes(value: unknown, checked: Check, depth: number): Map<string, Json> {
  const attributes = new Map<string, Json>();
  for (const item of membersList(value)) {
    const { key, value: wrapped } = membersOf(item);
    if (typeof key !== 'string') throw new UnreadableSpan(FAULT.type);
    addAttribute(attributes, checked(key), wrapped === undefined || wrapped === null ? null : readValue(membersOf(wrapped), checked, depth));
  }
  return attributes;
}

/** `AnyValue`: an object with one member that names its type. */
function readValue(wrapped: Members, checked: Check, depth: number): Json {
  if (depth > MAX_VALUE_DEPTH) throw new UnreadableSpan(FAULT.depth);
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } = wrapped;
  if (stringValue !== undefined) return checked(textOr(stringValue));
  if (intValue !== undefined) return integerOf(decimalOf(intValue));
  if (boolValue !== undefined) return booleanOf(boolValue);
  if (doubleValue !== undefined) return doubleIn(doubleValue);
  if (arrayValue !== undefined) return membersList(membersOf(arrayValue)['values']).map((item) => readValue(membersOf(item), checked, depth + 1));
  if (kvlistValue !== undefined) return objectOfAttributes(readAttributes(membersOf(kvlistValue)['values'], checked, depth + 1));
  if (bytesValue !== undefined) return checked(textOr(bytesValue));
  return null;
}

function membersOf(value: unknown): Members {
  if (!isMembers(value)) throw new UnreadableSpan(FAULT.type);
  return value;
}

function membersList(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new UnreadableSpan(FAULT.type);
  return value;
}

function textOr(value: unknown, absent?: string): string {
  if (typeof value === 'string') return value;
  if ((value === undefined || value === null) && absent !== undefined) return absent;
  throw new UnreadableSpan(FAULT.type);
}

const idOf = (value: unknown): string => textOr(value, '').toLowerCase();

function booleanOf(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new UnreadableSpan(FAULT.type);
  return value;
}

/** An integer that `JSON.parse` has rounded is no longer the one that was sent, so it must be safe or be text. */
function decimalOf(value: unknown): string {
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  throw new UnreadableSpan(FAULT.type);
}

function doubleIn(value: unknown): Json {
  if (typeof value === 'number') return doubleOf(value);
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return value;
  throw new UnreadableSpan(FAULT.type);
}

/** Nanoseconds since the epoch as text, or as a number that some senders round. */
function millisecondsOf(value: unknown): number {
  if (value === undefined || value === null) return 0;
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return Number(BigInt(value) / 1_000_000n);
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return Math.floor(value / 1_000_000);
  throw new UnreadableSpan(FAULT.type);
}

function statusIsError(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  const { code = 0 } = membersOf(value);
  if (typeof code !== 'number') throw new UnreadableSpan(FAULT.type);
  return code === 2;
}

const faultOf = (error: unknown): string => {
  if (error instanceof UnreadableSpan) return error.message;
  throw error;
};
