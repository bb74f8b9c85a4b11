import { eventsOfSpan, type MappingContext } from '../../core/otlp/events-of-span.ts';
import type { OtlpSpan, ReadSpan } from '../../core/otlp/span.ts';
import { createTurns } from '../../core/turns.ts';
import type { GovernanceEvent } from '../../schemas/event.ts';
import type { AcceptedEvent } from '../event-intake.ts';
import type { SpanRejections } from './span-rejections.ts';

/** Events taken from one request; the spans of the rest are rejected. More would outlast any exporter's patience. */
export const MAX_EVENTS = 5_000;
/** One run records this many at most: in well under the eight seconds that its local step has, on a busy machine too. */
const CHUNK_EVENTS = 400;
/** Temporal refuses a payload of 2 MiB. */
const CHUNK_BYTES = 900_000;

export interface SpanEvents extends AcceptedEvent {
  span: Pick<OtlpSpan, 'traceId' | 'spanId'>;
}

export interface SpanBatch {
  /** In the order in which they happened. */
  events: SpanEvents[];
  ignored: number;
}

export interface BatchContext extends MappingContext {
  digestOf: (event: GovernanceEvent) => string;
  rejections: SpanRejections;
}

/** Makes events of spans. A span that comes twice with the same content is one; with another content the later one is rejected. */
export async function batchOf(spans: readonly ReadSpan[], { digestOf, rejections, ...mapping }: BatchContext): Promise<SpanBatch> {
  const events = new Map<string, SpanEvents>();
  let ignored = 0;
  /** Null, or why the span is not taken. */
  const take = (span: OtlpSpan): string | null => {
    const mapped = eventsOfSpan(span, mapping);
    if (mapped.kind === 'fault') return mapped.fault;
    if (mapped.kind === 'ignored') {
      ignored += 1;
      return null;
    }
    if (events.size + mapped.events.length > MAX_EVENTS) return `is beyond the ${MAX_EVENTS} events of one request`;
    const made = withDigests(mapped.events, span, digestOf);
    if (made === null) return 'holds a value that canonical JSON cannot write';
    const isOther = ({ event, digest }: SpanEvents): boolean => (events.get(event.id)?.digest ?? digest) !== digest;
    if (made.some(isOther)) return 'repeats an earlier span of this request with other content';
    for (const one of made) events.set(one.event.id, one);
    return null;
  };
  const turns = createTurns();
  for (const read of spans) {
    await turns.next();
    const fault = 'fault' in read ? read.fault : take(read.span);
    if (fault !== null) rejections.add(fault, 'fault' in read ? read.spanId : read.span.spanId);
  }
  return { events: inOrder([...events.values()]), ignored };
}

/** Null where a value has no canonical form (RFC 8785): that costs its own span, never the others of the request. */
function withDigests(events: readonly GovernanceEvent[], span: OtlpSpan, digestOf: BatchContext['digestOf']): SpanEvents[] | null {
  try {
    return events.map((event) => ({ event, digest: digestOf(event), span }));
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Exporters send spans as they end, so a caller comes behind what it called; sessions want the order of the acts. */
function inOrder(events: readonly SpanEvents[]): SpanEvents[] {
  return events
    .map((one) => ({ one, atMs: Date.parse(one.event.occurredAt ?? '') }))
    .toSorted((a, b) => a.atMs - b.atMs)
    .map(({ one }) => one);
}

/** Parts that one run each can take. The same events make the same parts, so a retried request meets its own runs. */
export function* chunksOf(events: readonly SpanEvents[]): Generator<SpanEvents[]> {
  // As equal as can be: a small part behind a large one costs a run of its own.
  const most = Math.ceil(events.length / Math.ceil(events.length / CHUNK_EVENTS));
  let chunk: SpanEvents[] = [];
  let bytes = 0;
  for (const one of events) {
    const size = Buffer.byteLength(JSON.stringify(one.event)) + one.digest.length;
    if (chunk.length >= most || (chunk.length > 0 && bytes + size > CHUNK_BYTES)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(one);
    bytes += size;
  }
  if (chunk.length > 0) yield chunk;
}
