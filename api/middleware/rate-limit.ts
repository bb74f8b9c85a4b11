import type { RequestHandler } from 'express';
import { contextOf } from '../context.ts';
import { HttpProblem, retryAfter } from '../problem.ts';
import type { RateLimiter } from '../rate-limiter.ts';

/** One bucket per organisation, told in the headers of draft-ietf-httpapi-ratelimit-headers on every authenticated answer. */
export function rateLimit(limiter: RateLimiter): RequestHandler {
  const { burst, windowMs } = limiter.limit;
  const policy = `"default";q=${burst};w=${Math.round(windowMs / 1_000)}`;
  return (_req, res, next) => {
    const { principal } = contextOf(res);
    if (principal === null) return next();
    const { allowed, remaining, resetMs, retryMs } = limiter.take(principal.orgId);
    res.setHeader('RateLimit-Policy', policy);
    res.setHeader('RateLimit', `"default";r=${remaining};t=${Math.ceil(resetMs / 1_000)}`);
    if (!allowed) throw new HttpProblem('rate-limited', { headers: retryAfter(retryMs) });
    return next();
  };
}
