import * as fc from 'fast-check';
import { takeToken } from '../../../core/access/token-bucket.ts';
import type { Bucket } from '../../../core/access/token-bucket.ts';

const LIMIT = { burst: 10, windowMs: 1_000 };

describe('a token bucket', () => {
  it('gives its burst at once, then one token each hundredth of the window', () => {
    let bucket: Bucket | undefined;
    const take = (nowMs: number): boolean => {
      const answer = takeToken(bucket, LIMIT, nowMs);
      bucket = answer.bucket;
      return answer.allowed;
    };
    expect(Array.from({ length: 11 }, () => take(0))).toEqual([...Array.from({ length: 10 }, () => true), false]);
    expect([take(99), take(100), take(100), take(199), take(200)]).toEqual([false, true, false, false, true]);
  });

  it('tells when the next token comes and when it is full', () => {
    expect(takeToken({ tokens: 0, atMs: 0 }, LIMIT, 0)).toMatchObject({ allowed: false, remaining: 0, retryMs: 100, resetMs: 1_000 });
    expect(takeToken(undefined, LIMIT, 0)).toMatchObject({ allowed: true, remaining: 9, retryMs: 0, resetMs: 100 });
  });

  it('never gives more than the burst and what has flowed in since, whatever the clock does', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -500, max: 500 }), { maxLength: 200 }), (steps) => {
        let bucket: Bucket | undefined;
        let nowMs = 0;
        let latestMs = 0;
        let given = 0;
        for (const step of steps) {
          nowMs += step;
          latestMs = Math.max(latestMs, nowMs);
          const answer = takeToken(bucket, LIMIT, nowMs);
          bucket = answer.bucket;
          if (answer.allowed) given += 1;
        }
        return given <= LIMIT.burst + (latestMs + 500) / 100 + 1;
      }),
    );
  });
});
