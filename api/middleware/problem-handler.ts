import type { ErrorRequestHandler } from 'express';
import type { Logger } from 'pino';
import { isDatabaseAway } from '../../db/errors.ts';
import { contextOf } from '../context.ts';
import { DecisionUnavailable } from '../governance-runtime.ts';
import { HttpProblem, problemBody, retryAfter } from '../problem.ts';

/** Writes every error as a problem. What is not ours to tell stays in the log. */
export function problemHandler({ logger, publicUrl }: { logger: Logger; publicUrl: string }): ErrorRequestHandler {
  // Express tells an error handler by its four parameters.
  return (error: unknown, _req, res, _next) => {
    const { requestId, routePath, writer } = contextOf(res);
    const problem = problemOf(error);
    if (problem.status >= 500) logger.error({ requestId, route: routePath, code: problem.code, err: error }, 'request failed');
    if (res.headersSent || res.destroyed) {
      res.destroy();
      return;
    }
    for (const [name, value] of Object.entries(problem.options.headers ?? {})) res.setHeader(name, value);
    if (problem.status === 401) res.setHeader('WWW-Authenticate', 'Bearer realm="mastguard"');
    res.status(problem.status);
    if (writer !== undefined) res.type(writer.contentType).send(writer.problem(problem));
    else res.type('application/problem+json').send(JSON.stringify(problemBody(problem, { publicUrl, requestId })));
  };
}

function problemOf(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error instanceof DecisionUnavailable) return new HttpProblem('decision-unavailable', { headers: retryAfter(error.retryAfterMs), cause: error });
  if (isOverloadedDatabase(error)) return new HttpProblem('decision-unavailable', { headers: retryAfter(1_000), cause: error });
  // Express on a path that is not percent-encoded UTF-8.
  if (error instanceof URIError) return new HttpProblem('not-found', { cause: error });
  return new HttpProblem('internal', { cause: error });
}

function isOverloadedDatabase(error: unknown): boolean {
  return isDatabaseAway(error) || (error as { code?: unknown } | null)?.code === 'ledger-queue-full';
}
