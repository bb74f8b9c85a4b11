import type { Request, RequestHandler } from 'express';
import type { Authenticator } from '../access/authenticator.ts';
import type { Principal } from '../access/principal.ts';
import { readSessionCookie } from '../access/session-cookie.ts';
import { contextOf } from '../context.ts';
import { HttpProblem } from '../problem.ts';

/** `X-API-Key`, `Authorization: Bearer mg_…` or the session cookie. A key that is sent decides alone, even where it is wrong. */
export function authenticate(authenticator: Authenticator): RequestHandler {
  return async (req, res, next) => {
    const principal = await principalOf(authenticator, req);
    if (principal === null) throw new HttpProblem('unauthenticated');
    contextOf(res).principal = principal;
    next();
  };
}

async function principalOf(authenticator: Authenticator, req: Request): Promise<Principal | null> {
  const key = req.get('x-api-key') ?? bearerOf(req);
  if (key !== undefined) return authenticator.byKey(key);
  const token = readSessionCookie(req);
  return token === undefined ? null : authenticator.bySessionToken(token);
}

function bearerOf(req: Request): string | undefined {
  const header = req.get('authorization');
  return header === undefined ? undefined : (/^Bearer +(\S+)$/i.exec(header)?.[1] ?? '');
}
