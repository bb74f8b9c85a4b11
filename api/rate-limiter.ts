import { createBoundedMap } from '../core/bounded-map.ts';
import { takeToken } from '../core/access/token-bucket.ts';
import type { Bucket, BucketAnswer, BucketLimit } from '../core/access/token-bucket.ts';

export interface RateLimiter {
  readonly limit: BucketLimit;
  take(key: string): Omit<BucketAnswer, 'bucket'>;
  /** Fills the bucket again. */
  reset(key: string): void;
}

/** Token buckets of this process, by key. A bucket forgotten for want of space is a full one. */
export function createRateLimiter({ limit, maxKeys = 50_000, now }: { limit: BucketLimit; maxKeys?: number; now: () => number }): RateLimiter {
  const buckets = createBoundedMap<Bucket>(maxKeys);
  return {
    limit,
    take(key) {
      const { bucket, ...answer } = takeToken(buckets.get(key), limit, now());
      buckets.set(key, bucket);
      return answer;
    },
    reset: (key) => buckets.delete(key),
  };
}
