import type { RequestHandler } from 'express';
import { contextOf } from '../context.ts';
import { HttpProblem } from '../problem.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Against forged requests: what a browser sends with the session cookie, or to sign in, must come from our own pages.
 * Browsers tell with `Sec-Fetch-Site`; older ones with `Origin`. A request with neither did not come from a page.
 */
export function sameOrigin({ publicOrigin, signIn = false }: { publicOrigin: string; signIn?: boolean }): RequestHandler {
  return (req, res, next) => {
    if (SAFE_METHODS.has(req.method)) return next();
    const { principal } = contextOf(res);
    const isCookie = principal?.kind === 'session';
    if (!isCookie && !signIn) return next();
    const site = req.get('sec-fetch-site');
    const origin = req.get('origin');
    // A client that is no browser may sign in; it has no cookie that a page could ride on.
    if (signIn && site === undefined && origin === undefined) return next();
    const isOurs = site === undefined ? origin === publicOrigin : site === 'same-origin' || site === 'none';
    if (!isOurs) throw new HttpProblem('not-permitted', { detail: 'a request with the session cookie must come from the same origin' });
    return next();
  };
}
