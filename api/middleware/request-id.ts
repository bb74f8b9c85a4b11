import type { RequestHandler } from 'express';
import { openContext } from '../context.ts';
import { newId } from '../ids.ts';

/** Accepts the caller's `X-Request-Id` where it is harmless, else makes one, and echoes it. Opens the request's context. */
export function requestId({ stopping, now }: { stopping: AbortSignal; now: () => number }): RequestHandler {
  return (req, res, next) => {
    const given = req.get('x-request-id');
    const id = given !== undefined && /^[\w\-=]{1,255}$/.test(given) ? given : newId('req');
    const gone = new AbortController();
    const onStop = (): void => gone.abort();
    stopping.addEventListener('abort', onStop, { once: true });
    res.once('close', () => {
      stopping.removeEventListener('abort', onStop);
      // Every abort builds an exception with its stack; an answered request needs none.
      if (!res.writableFinished) gone.abort();
    });
    if (stopping.aborted) gone.abort();
    openContext(res, { requestId: id, receivedAtMs: now(), signal: gone.signal, routePath: null, principal: null, body: undefined, decision: null });
    res.setHeader('X-Request-Id', id);
    next();
  };
}
