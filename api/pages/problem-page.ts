import type { ErrorRequestHandler } from 'express';
import type { Logger } from 'pino';
import { isDatabaseAway } from '../../db/errors.ts';
import { contextOf } from '../context.ts';
import { DecisionUnavailable } from '../governance-runtime.ts';
import type { Pages } from '../pages.ts';
import { HttpProblem, retryAfter } from '../problem.ts';
import { signedOutChrome } from './chrome.ts';

/** Every error as a page. What is not ours to tell stays in the log. */
export function problemPage({ pages, logger }: { pages: Pages; logger: Logger }): ErrorRequestHandler {
  // Express tells an error handler by its four parameters.
  return (error: unknown, _req, res, _next) => {
    const { requestId, routePath } = contextOf(res);
    const problem = problemOf(error);
    if (problem.status >= 500) logger.error({ requestId, route: routePath, code: problem.code, err: error }, 'page failed');
    if (res.headersSent || res.destroyed) {
      res.destroy();
      return;
    }
    for (const [name, value] of Object.entries(problem.options.headers ?? {})) res.setHeader(name, value);
    const { heading, text } = words(problem);
    res
      .status(problem.status)
      .type('html')
      .send(pages.render('message', { chrome: signedOutChrome(heading), heading, text, requestId }));
  };
}

function problemOf(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error instanceof DecisionUnavailable) return new HttpProblem('decision-unavailable', { headers: retryAfter(error.retryAfterMs), cause: error });
  if (isDatabaseAway(error)) return new HttpProblem('decision-unavailable', { headers: retryAfter(1_000), cause: error });
  // Express on a path that is not percent-encoded UTF-8.
  if (error instanceof URIError) return new HttpProblem('not-found', { cause: error });
  // What the form parser throws.
  const { status } = (error ?? {}) as { status?: unknown };
  if (status === 413) return new HttpProblem('payload-too-large', { cause: error });
  if (typeof status === 'number' && status >= 400 && status < 500) return new HttpProblem('validation-failed', { cause: error });
  return new HttpProblem('internal', { cause: error });
}

function words({ code, status }: HttpProblem): { heading: string; text: string } {
  switch (code) {
    case 'not-found':
      return { heading: 'Not found', text: 'There is nothing here for your organisation.' };
    case 'missing-scope':
      return { heading: 'Not permitted', text: 'Your role does not include this. Ask an Owner or an Admin.' };
    case 'not-permitted':
      return { heading: 'Not permitted', text: 'The request did not come from this page, or you may not do this.' };
    case 'rate-limited':
      return { heading: 'Too many tries', text: 'Wait a few minutes, then try again.' };
    case 'decision-unavailable':
      return { heading: 'Not available right now', text: 'Nothing is known to be recorded. Go back and try again in a moment.' };
    default:
      return status >= 500
        ? { heading: 'Something went wrong', text: 'This is our fault. Quote the request id when you report it.' }
        : { heading: 'This was not understood', text: 'Go back, check what was entered and try again.' };
  }
}
