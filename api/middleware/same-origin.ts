import type { RequestHandler } from 'express';
import { contextOf } from '../context.ts';
import { HttpProblem } from '../problem.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Against forged requests: what a browser sends with the session cookie, or to sign in, must come from our own pages. Browsers tell
 * with `Sec-Fetch-Site`, older ones with `Origin`. A request with neither is no browser's, and no page can make one send the cookie;
 * the rule is that of Go's `http.CrossOriginProtection`.
 */
export function sameOrigin({ publicOrigin, signIn = false }: { publicOrigin: string; signIn?: boolean }): RequestHandler {
  return (req, res, next) => {
    if (SAFE_METHODS.has(req.method)) return next();
    const isCookie = contextOf(res).principal?.kind === 'session';
    if (!isCookie && !signIn) return next();
    const site = req.get('sec-fetch-site');
    const origin = req.get('origin');
    const isOurs = site === undefined ? origin === undefined || origin === publicOrigin : site === 'same-origin' || site === 'none';
    if (!isOurs) throw new HttpProblem('not-permitted', { detail: 'a request with the session cookie must come from the same origin' });
    return next();
  };
}
