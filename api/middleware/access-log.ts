import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import { requesterOf } from '../access/principal.ts';
import { contextOf } from '../context.ts';
import type { ApiMetrics } from '../metrics.ts';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** One line and one observation per request, when its answer is out or its client is gone. Never bodies, keys, queries or paths. */
export function accessLog({ logger, metrics }: { logger: Logger; metrics: ApiMetrics }): RequestHandler {
  return (req, res, next) => {
    const startedAt = performance.now();
    res.once('close', () => {
      const { requestId, routePath, principal, decision } = contextOf(res);
      const durationMs = performance.now() - startedAt;
      // 499: what nginx writes when the client went away before the answer.
      const status = res.writableFinished ? res.statusCode : 499;
      const route = routePath ?? 'none';
      const method = METHODS.has(req.method) ? req.method : 'other';
      metrics.observeRequest({ method, route, status }, durationMs);
      logger.info(
        {
          requestId,
          method,
          route,
          status,
          durationMs: Math.round(durationMs * 10) / 10,
          ...(principal === null ? {} : { orgId: principal.orgId, requester: requesterOf(principal) }),
          ...(decision === null ? {} : { decision }),
        },
        'request',
      );
    });
    next();
  };
}
