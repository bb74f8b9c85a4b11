import type { ExportTraceResponse } from '../../schemas/otlp.ts';

export interface SpanRejections {
  /** `fault` goes on from "a span". With a `key`, a span of that key is rejected once, for its first fault. */
  add: (fault: string, spanId: string | null, key?: string) => void;
  readonly count: number;
  /** The answer of the request: empty where nothing was rejected. */
  toResponse: () => ExportTraceResponse;
}

/** Faults named in one answer; a sender that makes more kinds of them has enough to mend. */
const MAX_NAMED = 10;

/** Collects why spans were rejected. Messages hold our phrases, counts and one span id each, nothing else of what was sent. */
export function collectRejections(): SpanRejections {
  const faults = new Map<string, { count: number; spanId: string | null }>();
  const rejected = new Set<string>();
  let count = 0;
  return {
    add(fault, spanId, key) {
      if (key !== undefined && rejected.has(key)) return;
      if (key !== undefined) rejected.add(key);
      count += 1;
      const known = faults.get(fault);
      faults.set(fault, { count: (known?.count ?? 0) + 1, spanId: known?.spanId ?? spanId });
    },
    get count() {
      return count;
    },
    toResponse() {
      if (count === 0) return {};
      const named = [...faults].slice(0, MAX_NAMED).map(([fault, { count: of, spanId }]) => `${of} ${fault}${spanId === null ? '' : ` (such as ${spanId})`}`);
      return { partialSuccess: { rejectedSpans: String(count), errorMessage: `rejected because a span ${named.join('; ')}` } };
    },
  };
}
