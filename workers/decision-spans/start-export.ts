import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';
import { createGuardedFetch } from '../../activities/outbound/guarded-fetch.ts';
import type { DecisionSpansConfig } from '../config.ts';
import type { DecidedEvent } from '../../activities/decision.ts';
import { decisionSpan } from './decision-span.ts';
import { createSpanExporter } from './span-exporter.ts';

/** A receiver that hangs must not hold up the end of the process. */
const CLOSE_WITHIN_MS = 5_000;

export interface DecisionSpans {
  /** Returns at once and never fails: what comes of the span is no concern of the decision. */
  publish: (decided: DecidedEvent) => void;
  close: () => Promise<void>;
}

/** Tells the operator's collector of every decision that this process makes. */
export function startDecisionSpans({ url, headers }: DecisionSpansConfig, { metrics, logger }: { metrics: Registry; logger: Logger }): DecisionSpans {
  const spans = new Counter({
    name: 'mastguard_decision_spans_total',
    help: 'Decisions exported as spans.',
    labelNames: ['outcome'],
    registers: [metrics],
  });
  // The operator has named this target, so it may be anywhere; the guard still pins its address and follows no redirect.
  const guarded = createGuardedFetch({ allowPrivate: [targetOf(url)], timeoutMs: 10_000, maxResponseBytes: 4_096 });
  const exporter = createSpanExporter({
    url,
    headers,
    fetch: guarded.fetch,
    version: '0.1.0',
    count: (outcome, count) => spans.inc({ outcome }, count),
    warn: (reason) => logger.warn({ reason }, 'spans of decisions could not be delivered'),
  });
  return {
    publish: (decided) => exporter.add(decisionSpan(decided)),
    async close() {
      const timer = setTimeout(() => guarded.close(), CLOSE_WITHIN_MS);
      await exporter.close();
      clearTimeout(timer);
      guarded.close();
    },
  };
}

function targetOf(text: string): string {
  const url = new URL(text);
  return `${url.hostname}:${url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port}`;
}
