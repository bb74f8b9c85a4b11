import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';

export interface SpanPlan {
  name: string;
  attributes?: Record<string, string | number | boolean | string[]>;
  events?: { name: string; attributes: Record<string, string> }[];
  /** Epoch milliseconds. */
  startMs?: number;
  durationMs?: number;
  error?: boolean;
}

// The enumeration is in a package that we have no other use for.
const ERROR = JSON.parse('{"code":2}') as ReadableSpan['status'];

/** Ended spans of OpenTelemetry's own SDK, of one service. */
export function makeSpans(plans: readonly SpanPlan[], resource: Record<string, string> = { 'service.name': 'billing-assistant' }): ReadableSpan[] {
  const memory = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ resource: resourceFromAttributes(resource), spanProcessors: [new SimpleSpanProcessor(memory)] });
  const tracer = provider.getTracer('example', '1.0.0');
  for (const [index, { name, attributes = {}, events = [], startMs = Date.now() - 60_000 + index, durationMs = 5, error = false }] of plans.entries()) {
    const span = tracer.startSpan(name, { startTime: startMs, attributes });
    for (const event of events) span.addEvent(event.name, event.attributes, startMs + 1);
    if (error) span.setStatus(ERROR);
    span.end(startMs + durationMs);
  }
  return memory.getFinishedSpans();
}

export interface ExporterOptions {
  url: string;
  encoding: 'protobuf' | 'json';
  headers?: Record<string, string>;
  gzip?: boolean;
  timeoutMs?: number;
}

/** What OpenTelemetry's own exporter makes of its receiver's answer; it retries by itself what may be retried. */
export async function exportSpans(
  spans: readonly ReadableSpan[],
  { url, encoding, headers = {}, gzip = false, timeoutMs = 60_000 }: ExporterOptions,
): Promise<{ ok: boolean; error?: Error }> {
  const Exporter = encoding === 'protobuf' ? ProtobufExporter : JsonExporter;
  const exporter = new Exporter({ url, headers, timeoutMillis: timeoutMs, keepAlive: false, ...(gzip && { compression: 'gzip' as never }) });
  try {
    return await new Promise((resolve) => exporter.export([...spans], ({ error }) => resolve({ ok: error === undefined, ...(error && { error }) })));
  } finally {
    await exporter.shutdown();
  }
}

export interface SentPayload {
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** The request that the exporter sends, byte for byte. */
export async function payloadOf(spans: readonly ReadableSpan[], options: Omit<ExporterOptions, 'url'>): Promise<SentPayload> {
  const received: SentPayload[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      received.push({ headers: req.headers, body: Buffer.concat(chunks) });
      res.writeHead(200, { 'content-type': req.headers['content-type'] ?? '' }).end(req.headers['content-type'] === 'application/json' ? '{}' : '');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await exportSpans(spans, { ...options, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces` });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  const [payload] = received;
  if (payload === undefined) throw new Error('the exporter has sent nothing');
  return payload;
}
