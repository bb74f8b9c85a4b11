import type { Request } from 'express';

/** `__Host-` binds the cookie to this host over https; browsers refuse that prefix over plain http, which only loopback uses. */
export function sessionCookieName(secure: boolean): string {
  return secure ? '__Host-mg_session' : 'mg_session';
}

/** `maxAgeMs` 0 removes the cookie. */
export function sessionCookie(token: string, { secure, maxAgeMs }: { secure: boolean; maxAgeMs: number }): string {
  const attributes = ['Path=/', `Max-Age=${Math.floor(maxAgeMs / 1_000)}`, 'HttpOnly', 'SameSite=Lax', ...(secure ? ['Secure'] : [])];
  return [`${sessionCookieName(secure)}=${token}`, ...attributes].join('; ');
}

/** Undefined when there is none, and when there are two: one of them was planted. */
export function readSessionCookie(req: Request): string | undefined {
  const name = sessionCookieName(req.secure);
  const values = (req.headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  return values.length === 1 ? values[0] : undefined;
}
