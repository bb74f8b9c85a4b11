import type { RequestHandler } from 'express';
import type { RouteScope } from '../../schemas/route.ts';
import { contextOf } from '../context.ts';
import { HttpProblem } from '../problem.ts';

/** Holds the caller to the scope that the route table names. */
export function authorise(scope: RouteScope): RequestHandler {
  return (_req, res, next) => {
    const { principal } = contextOf(res);
    if (scope === 'public') return next();
    if (principal === null) throw new HttpProblem('unauthenticated');
    if (scope !== 'any' && !principal.scopes.includes(scope)) {
      throw new HttpProblem('missing-scope', { detail: `this needs the scope ${scope}`, extras: { scope } });
    }
    return next();
  };
}
