import { createHash, randomFillSync } from 'node:crypto';
import { readProtobufTraces } from '../../api/otlp/read-protobuf.ts';
import { eventsOfSpan } from '../../core/otlp/events-of-span.ts';
import { makeSpans, payloadOf, type SpanPlan } from '../../tests/support/otel-spans.ts';

/** A request that can be sent again and again, each time with ids that nobody has seen. */
export interface Payload {
  name: string;
  path: string;
  headers: Record<string, string>;
  spans: number;
  /** Events that the ledger has of it. */
  events: number;
  next: () => Buffer;
}

const TRACES = 64;
const SPANS_PER_TRACE = 8;
const OTLP_PATH = '/api/v1/otlp/v1/traces';

/**
 * The same 512 spans as the OpenTelemetry exporter sends them in protobuf and in JSON, and the first 250 of their events as a batch of ours. A trace is a small
 * task of an agent: its own span, three calls of a model, one of them with its messages, and four calls of tools with arguments.
 */
export async function otlpPayloads(): Promise<Payload[]> {
  // One SDK span per planned one; its trace id is replaced by that of its task, for a provider without a context gives each its own.
  const spans = makeSpans(Array.from({ length: TRACES }, (_, trace) => task(trace)).flat());
  const ids = spans.map((span) => span.spanContext());
  const traceOf = (index: number): string => ids[index - (index % SPANS_PER_TRACE)]?.traceId ?? '';
  const inProtobuf = await payloadOf(spans, { encoding: 'protobuf' });
  const inJson = await payloadOf(spans, { encoding: 'json' });
  for (const [index, { traceId }] of ids.entries()) {
    overwrite(inProtobuf.body, Buffer.from(traceId, 'hex'), Buffer.from(traceOf(index), 'hex'));
    overwrite(inJson.body, Buffer.from(traceId), Buffer.from(traceOf(index)));
  }
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
  const events = readProtobufTraces(inProtobuf.body).flatMap((read) => {
    const mapped = 'span' in read ? eventsOfSpan(read.span, { nowMs: Date.now(), hash }) : { kind: 'fault' };
    if (mapped.kind !== 'events' || !('events' in mapped)) throw new Error('a span of the benchmark makes no events');
    return mapped.events;
  });
  const batch = events.slice(0, 250);
  const traceIds = [...new Set(ids.map((_, index) => traceOf(index)))];
  const common = { spans: spans.length, events: events.length, path: OTLP_PATH };
  return [
    {
      ...common,
      name: 'OTLP protobuf',
      headers: { 'content-type': 'application/x-protobuf' },
      next: renewing(
        inProtobuf.body,
        traceIds.map((id) => Buffer.from(id, 'hex')),
        'binary',
      ),
    },
    {
      ...common,
      name: 'OTLP JSON',
      headers: { 'content-type': 'application/json' },
      next: renewing(
        inJson.body,
        traceIds.map((id) => Buffer.from(id)),
        'hex',
      ),
    },
    {
      name: 'batch of events',
      path: '/api/v1/governance/events/batch',
      headers: { 'content-type': 'application/json' },
      spans: batch.length,
      events: batch.length,
      next: renewing(
        Buffer.from(JSON.stringify({ events: batch })),
        traceIds.map((id) => Buffer.from(id)),
        'hex',
      ),
    },
  ];
}

function task(trace: number): SpanPlan[] {
  const startMs = Date.now() - 120_000 + trace * 100;
  const agent = { 'gen_ai.agent.name': `agent-${trace % 8}`, 'gen_ai.provider.name': 'example' };
  const chat = {
    ...agent,
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'model-1',
    'gen_ai.usage.input_tokens': 420,
    'gen_ai.usage.output_tokens': 96,
  };
  const messages = {
    'gen_ai.input.messages': JSON.stringify([
      { role: 'user', parts: [{ type: 'text', content: `Where is order ${4_711 + trace}, and when will it be here? The customer has asked twice.` }] },
    ]),
    'gen_ai.output.messages': JSON.stringify([
      { role: 'assistant', parts: [{ type: 'text', content: 'I will look the order up and tell the customer when the carrier says it will arrive.' }] },
    ]),
  };
  const tool = (index: number): SpanPlan => ({
    name: 'execute_tool lookup_order',
    startMs: startMs + 20 + index * 10,
    attributes: {
      ...agent,
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'lookup_order',
      'gen_ai.tool.call.id': `call_${trace}_${index}`,
      'gen_ai.tool.call.arguments': JSON.stringify({
        order: 4_711 + trace,
        part: index,
        fields: ['state', 'carrier', 'eta'],
        note: 'Thank you for your order of the third of May.',
      }),
    },
  });
  return [
    { name: 'invoke_agent', startMs, durationMs: 90, attributes: { ...agent, 'gen_ai.operation.name': 'invoke_agent' } },
    { name: 'chat model-1', startMs: startMs + 1, attributes: { ...chat, ...messages } },
    ...[0, 1, 2, 3].map(tool),
    { name: 'chat model-1', startMs: startMs + 70, attributes: chat },
    { name: 'chat model-1', startMs: startMs + 80, attributes: chat },
  ];
}

function positionsOf(body: Buffer, id: Buffer): number[] {
  const positions: number[] = [];
  for (let at = body.indexOf(id); at >= 0; at = body.indexOf(id, at + 1)) positions.push(at);
  return positions;
}

function overwrite(body: Buffer, id: Buffer, by: Buffer): void {
  for (const at of positionsOf(body, id)) by.copy(body, at);
}

/** Writes new trace ids over the old ones: an encoder in the measuring process would take the processor from what is measured. */
function renewing(body: Buffer, ids: readonly Buffer[], as: 'binary' | 'hex'): () => Buffer {
  const places = ids.map((id) => positionsOf(body, id));
  const random = Buffer.alloc(16);
  return () => {
    const copy = Buffer.from(body);
    for (const positions of places) {
      randomFillSync(random);
      const id = as === 'binary' ? random : Buffer.from(random.toString('hex'));
      for (const at of positions) id.copy(copy, at);
    }
    return copy;
  };
}
