/** Spans of every kind in one request. Collectors send 8,192 at a time. */
export const MAX_SPANS = 10_000;

/** The envelope cannot be read, so nothing of the request is. The message quotes nothing of it. */
export class MalformedTraces extends Error {
  readonly code = 'malformed-traces';
}

export class TooManySpans extends Error {
  readonly code = 'too-many-spans';

  constructor() {
    super(`at most ${MAX_SPANS} spans`);
  }
}

const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;
const SPAN_ID = /^(?!0{16})[0-9a-f]{16}$/;

/** Ids of all zeros are invalid: https://opentelemetry.io/docs/specs/otel/trace/api/#spancontext */
export const idsAreValid = ({ traceId, spanId }: { traceId: string; spanId: string }): boolean => TRACE_ID.test(traceId) && SPAN_ID.test(spanId);
