import protobuf, { type Reader } from 'protobufjs/minimal.js';
import {
  addAttribute,
  type Attributes,
  doubleOf,
  FAULT,
  integerOf,
  MAX_VALUE_DEPTH,
  objectOfAttributes,
  type OtlpSpan,
  type ReadSpan,
  type SpanEvent,
  UnreadableSpan,
} from '../../core/otlp/span.ts';
import type { Json } from '../../schemas/json.ts';
import { idsAreValid, MalformedTraces, MAX_SPANS, TooManySpans } from './read-limits.ts';

/**
 * Reads `ExportTraceServiceRequest` of opentelemetry-proto 1.x. Field numbers are those of its `.proto` files. A span is a message with a
 * length, so one that cannot be read is skipped as a whole and reported; only a broken envelope fails the request.
 * @throws MalformedTraces, TooManySpans
 */
export function readProtobufTraces(bytes: Buffer): ReadSpan[] {
  const spans: ReadSpan[] = [];
  inEnvelope(() =>
    readFields(bytes, (field, wire, reader) => {
      if (field !== 1) return false;
      readResourceSpans(lengthDelimited(wire, reader), spans);
      return true;
    }),
  );
  return spans;
}

const WIRE = { varint: 0, fixed64: 1, lengthDelimited: 2 } as const;

/** How the library represents 64 bits depends on what else is installed; every form has its decimal text. */
interface Integer64 {
  toString: (radix: number) => string;
}

/** Reads the field and answers true, or leaves it to be skipped. */
type OnField = (field: number, wire: number, reader: Reader) => boolean;

function readFields(bytes: Buffer, onField: OnField): void {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const field = tag >>> 3;
    if (field === 0) throw new RangeError('a field has the number 0');
    if (!onField(field, tag & 7, reader)) reader.skipType(tag & 7);
  }
}

function inEnvelope(read: () => void): void {
  try {
    read();
  } catch (error) {
    if (error instanceof TooManySpans) throw error;
    throw new MalformedTraces('the body is not an ExportTraceServiceRequest in protobuf', { cause: error });
  }
}

/** The resource may stand behind its spans, so their bytes are put aside first. */
function readResourceSpans(bytes: Buffer, spans: ReadSpan[]): void {
  const pending: Buffer[] = [];
  let resource: Buffer | null = null;
  readFields(bytes, (field, wire, reader) => {
    if (field === 1) resource = lengthDelimited(wire, reader);
    else if (field === 2) readScopeSpans(lengthDelimited(wire, reader), pending);
    else return false;
    if (spans.length + pending.length > MAX_SPANS) throw new TooManySpans();
    return true;
  });
  const read = attributesOrFault(resource);
  for (const span of pending) spans.push('fault' in read ? { fault: read.fault, spanId: null } : readSpan(span, read.attributes));
}

function readScopeSpans(bytes: Buffer, pending: Buffer[]): void {
  readFields(bytes, (field, wire, reader) => {
    if (field !== 2) return false;
    pending.push(lengthDelimited(wire, reader));
    return true;
  });
}

function attributesOrFault(resource: Buffer | null): { attributes: Attributes } | { fault: string } {
  const attributes = new Map<string, Json>();
  if (resource === null) return { attributes };
  try {
    readFields(resource, (field, wire, reader) => {
      if (field !== 1) return false;
      readKeyValue(lengthDelimited(wire, reader), attributes, 0);
      return true;
    });
    return { attributes };
  } catch (error) {
    return { fault: faultOf(error) };
  }
}

function readSpan(bytes: Buffer, resource: Attributes): ReadSpan {
  const attributes = new Map<string, Json>();
  const events: SpanEvent[] = [];
  const span: OtlpSpan = { traceId: '', spanId: '', name: '', startMs: 0, endMs: 0, failed: false, attributes, resource, events };
  try {
    readFields(bytes, (field, wire, reader) => {
      switch (field) {
        case 1:
          span.traceId = lengthDelimited(wire, reader).toString('hex');
          return true;
        case 2:
          span.spanId = lengthDelimited(wire, reader).toString('hex');
          return true;
        case 5:
          span.name = textOf(lengthDelimited(wire, reader));
          return true;
        case 7:
          span.startMs = millisecondsOf(wire, reader);
          return true;
        case 8:
          span.endMs = millisecondsOf(wire, reader);
          return true;
        case 9:
          readKeyValue(lengthDelimited(wire, reader), attributes, 0);
          return true;
        case 11:
          events.push(readEvent(lengthDelimited(wire, reader)));
          return true;
        case 15:
          span.failed = statusIsError(lengthDelimited(wire, reader));
          return true;
        default:
          return false;
      }
    });
  } catch (error) {
    return { fault: faultOf(error), spanId: span.spanId };
  }
  return idsAreValid(span) ? { span } : { fault: FAULT.ids, spanId: null };
}

function readEvent(bytes: Buffer): SpanEvent {
  const attributes = new Map<string, Json>();
  let name = '';
  readFields(bytes, (field, wire, reader) => {
    if (field === 2) name = textOf(lengthDelimited(wire, reader));
    else if (field === 3) readKeyValue(lengthDelimited(wire, reader), attributes, 0);
    else return false;
    return true;
  });
  return { name, attributes };
}

function statusIsError(bytes: Buffer): boolean {
  let code = 0;
  readFields(bytes, (field, wire, reader) => {
    if (field !== 3) return false;
    expectWire(wire, WIRE.varint);
    code = reader.uint32();
    return true;
  });
  return code === 2;
}

function readKeyValue(bytes: Buffer, into: Map<string, Json>, depth: number): void {
  let name = '';
  let value: Json = null;
  readFields(bytes, (field, wire, reader) => {
    if (field === 1) name = textOf(lengthDelimited(wire, reader));
    else if (field === 2) value = readValue(lengthDelimited(wire, reader), depth);
    else return false;
    return true;
  });
  addAttribute(into, name, value);
}

/** `AnyValue`: of its alternatives the last one counts, as protobuf has it. */
function readValue(bytes: Buffer, depth: number): Json {
  if (depth > MAX_VALUE_DEPTH) throw new UnreadableSpan(FAULT.depth);
  let value: Json = null;
  readFields(bytes, (field, wire, reader) => {
    switch (field) {
      case 1:
        value = textOf(lengthDelimited(wire, reader));
        return true;
      case 2:
        expectWire(wire, WIRE.varint);
        value = reader.bool();
        return true;
      case 3:
        expectWire(wire, WIRE.varint);
        value = integerOf((reader.int64() as unknown as Integer64).toString(10));
        return true;
      case 4:
        expectWire(wire, WIRE.fixed64);
        value = doubleOf(reader.double());
        return true;
      case 5:
        value = readList(lengthDelimited(wire, reader), depth + 1);
        return true;
      case 6:
        value = readMembers(lengthDelimited(wire, reader), depth + 1);
        return true;
      case 7:
        value = lengthDelimited(wire, reader).toString('base64');
        return true;
      default:
        return false;
    }
  });
  return value;
}

function readList(bytes: Buffer, depth: number): Json[] {
  const values: Json[] = [];
  readFields(bytes, (field, wire, reader) => {
    if (field !== 1) return false;
    values.push(readValue(lengthDelimited(wire, reader), depth));
    return true;
  });
  return values;
}

function readMembers(bytes: Buffer, depth: number): Json {
  const members = new Map<string, Json>();
  readFields(bytes, (field, wire, reader) => {
    if (field !== 1) return false;
    readKeyValue(lengthDelimited(wire, reader), members, depth);
    return true;
  });
  return objectOfAttributes(members);
}

function expectWire(actual: number, expected: number): void {
  if (actual !== expected) throw new UnreadableSpan(FAULT.type);
}

function lengthDelimited(wire: number, reader: Reader): Buffer {
  expectWire(wire, WIRE.lengthDelimited);
  // The reader was made for a Buffer and cuts its slices as such.
  return reader.bytes() as Buffer;
}

/** Nanoseconds since the epoch, as whole milliseconds. Two halves, so that it does not matter how 64-bit integers are represented. */
function millisecondsOf(wire: number, reader: Reader): number {
  expectWire(wire, WIRE.fixed64);
  const low = BigInt(reader.fixed32());
  const high = BigInt(reader.fixed32());
  return Number(((high << 32n) | low) / 1_000_000n);
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The quick decoder puts U+FFFD for what is not UTF-8; where one stands, the strict decoder tells whether it was sent. */
function textOf(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (!text.includes('\uFFFD')) return text;
  try {
    return strictUtf8.decode(bytes);
  } catch {
    throw new UnreadableSpan(FAULT.utf8);
  }
}

const faultOf = (error: unknown): string => (error instanceof UnreadableSpan ? error.message : FAULT.message);
