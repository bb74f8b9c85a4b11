import { Counter, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';

export interface ApiMetrics {
  observeRequest(labels: { method: string; route: string; status: number }, durationMs: number): void;
  countDecision(value: string): void;
  countSpans(outcome: SpanOutcome, count: number): void;
}

/** `ignored`: not about an agent. */
export type SpanOutcome = 'recorded' | 'ignored' | 'rejected';

/** Registers the API's metrics. Labels are templates and fixed words: nothing a caller sends becomes a label. */
export function createApiMetrics(registry: Registry): ApiMetrics {
  const duration = new Histogram({
    name: 'mastguard_http_request_duration_seconds',
    help: 'Time from the arrival of a request to the end of its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
    registers: [registry],
  });
  const decisions = new Counter({
    name: 'mastguard_decisions_answered_total',
    help: 'Decisions answered over HTTP, retries included.',
    labelNames: ['value'],
    registers: [registry],
  });
  const spans = new Counter({
    name: 'mastguard_otlp_spans_total',
    help: 'Spans received over OTLP, retries included.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  return {
    observeRequest: ({ method, route, status }, durationMs) => duration.observe({ method, route, status: String(status) }, durationMs / 1_000),
    countDecision: (value) => decisions.inc({ value }),
    countSpans: (outcome, count) => spans.inc({ outcome }, count),
  };
}
