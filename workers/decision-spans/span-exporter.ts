import { setTimeout as sleep } from 'node:timers/promises';
import type { GuardedFetch } from '../../activities/outbound/guarded-fetch.ts';
import { readRetryAfter } from '../../core/retry-after.ts';
import type { DecisionSpan } from './decision-span.ts';

export interface SpanExporterOptions {
  /** Whole address, such as `https://collector.example.com/v1/traces`. */
  url: string;
  headers: Readonly<Record<string, string>>;
  fetch: GuardedFetch['fetch'];
  version: string;
  /** Told of spans that have been taken, and of those that are lost. */
  count: (outcome: 'sent' | 'dropped', spans: number) => void;
  warn: (reason: string) => void;
  everyMs?: number;
  maxBatch?: number;
  /** Spans waiting beyond this are dropped: telemetry must not fill the memory of what decides. */
  maxQueued?: number;
  /** Waits between tries; as many tries as there are, and one more. */
  retryMs?: readonly number[];
}

export interface SpanExporter {
  /** Returns at once and never fails. */
  add: (span: DecisionSpan) => void;
  /** Sends what is left, once, and ends. */
  close: () => Promise<void>;
}

/** Statuses after which OTLP/HTTP sends again: https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** What a receiver may ask us to wait at most; it is asked again after that. */
const MAX_WAIT_MS = 30_000;

/** Sends spans in batches over OTLP/HTTP in JSON, one request at a time. What cannot be delivered is counted and let go. */
export function createSpanExporter({
  url,
  headers,
  fetch,
  version,
  count,
  warn,
  everyMs = 1_000,
  maxBatch = 512,
  maxQueued = 8_192,
  retryMs = [500, 2_000, 8_000],
}: SpanExporterOptions): SpanExporter {
  const queue: DecisionSpan[] = [];
  const closing = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> | undefined;

  const schedule = (): void => {
    if (timer !== undefined || sending !== undefined || queue.length === 0 || closing.signal.aborted) return;
    timer = setTimeout(
      () => {
        timer = undefined;
        sending = flush().finally(() => {
          sending = undefined;
          schedule();
        });
      },
      queue.length >= maxBatch ? 0 : everyMs,
    );
    timer.unref();
  };

  const flush = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = queue.splice(0, maxBatch);
      const failure = await deliver(batch);
      count(failure === null ? 'sent' : 'dropped', batch.length);
      if (failure !== null) warn(failure);
    }
  };

  /** Null when the receiver has taken it, else why not. */
  const deliver = async (batch: readonly DecisionSpan[]): Promise<string | null> => {
    const body = JSON.stringify(exportRequest(batch, version));
    for (let attempt = 0; ; attempt += 1) {
      let reason: string;
      let askedMs = 0;
      try {
        const response = await fetch(url, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body });
        if (response.status >= 200 && response.status < 300) return null;
        reason = `the receiver answered ${response.status}`;
        if (!RETRYABLE.has(response.status)) return reason;
        askedMs = Math.min(readRetryAfter(response.headers['retry-after'], Date.now()) ?? 0, MAX_WAIT_MS);
      } catch (error) {
        // Messages of these errors name the host and nothing else of the address.
        reason = (error as Error).message;
      }
      const pauseMs = retryMs[attempt];
      if (pauseMs === undefined || closing.signal.aborted) return reason;
      await sleep(Math.max(pauseMs, askedMs), undefined, { signal: closing.signal }).catch(() => undefined);
    }
  };

  return {
    add(span) {
      if (queue.length >= maxQueued || closing.signal.aborted) {
        count('dropped', 1);
        return;
      }
      queue.push(span);
      schedule();
    },
    async close() {
      closing.abort();
      clearTimeout(timer);
      await sending;
      await flush();
    },
  };
}

function exportRequest(spans: readonly DecisionSpan[], version: string): object {
  return {
    resourceSpans: [
      {
        resource: {
          attributes: [
            { key: 'service.name', value: { stringValue: 'mastguard' } },
            { key: 'service.version', value: { stringValue: version } },
          ],
        },
        scopeSpans: [{ scope: { name: 'mastguard', version }, spans }],
      },
    ],
  };
}
