export interface BucketLimit {
  /** Tokens of a full bucket. */
  burst: number;
  /** Time in which an empty bucket fills. */
  windowMs: number;
}

export interface Bucket {
  tokens: number;
  atMs: number;
}

export interface BucketAnswer {
  bucket: Bucket;
  allowed: boolean;
  /** Whole tokens left. */
  remaining: number;
  /** Until the bucket is full again. */
  resetMs: number;
  /** Until the next token; 0 when there is one. */
  retryMs: number;
}

/** Takes one token. Undefined is a full bucket. Pure: a clock that goes back adds nothing. */
export function takeToken(bucket: Bucket | undefined, { burst, windowMs }: BucketLimit, nowMs: number): BucketAnswer {
  const perMs = burst / windowMs;
  const elapsedMs = bucket === undefined ? 0 : Math.max(0, nowMs - bucket.atMs);
  const filled = bucket === undefined ? burst : Math.min(burst, bucket.tokens + elapsedMs * perMs);
  const allowed = filled >= 1;
  const tokens = allowed ? filled - 1 : filled;
  return {
    bucket: { tokens, atMs: Math.max(nowMs, bucket?.atMs ?? nowMs) },
    allowed,
    remaining: Math.floor(tokens),
    resetMs: (burst - tokens) / perMs,
    retryMs: tokens >= 1 ? 0 : (1 - tokens) / perMs,
  };
}
