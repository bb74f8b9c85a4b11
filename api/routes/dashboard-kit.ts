import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { findOrganization } from '../../db/queries/organizations.ts';
import type { SubjectVault } from '../../db/subject-vault.ts';
import type { Scope } from '../../schemas/access.ts';
import type { Authenticator } from '../access/authenticator.ts';
import type { SessionPrincipal } from '../access/principal.ts';
import { readSessionCookie } from '../access/session-cookie.ts';
import { contextOf } from '../context.ts';
import type { AuthenticatedFacts, Handlers } from '../handler.ts';
import type { Pages } from '../pages.ts';
import { chromeOf } from '../pages/chrome.ts';
import type { Chrome } from '../pages/chrome.ts';
import { HttpProblem } from '../problem.ts';

export interface DashboardOptions {
  vault: SubjectVault;
  /** The API's own: the pages do nothing that the API would not. */
  handlers: Handlers<'signIn' | 'signOut' | 'decideReview' | 'listKeys' | 'createKey' | 'revokeKey'>;
  authenticator: Pick<Authenticator, 'bySessionToken'>;
  publicOrigin: string;
  /** Where runs are shown, without a slash at the end; undefined: nowhere. */
  temporalUi: { url: string; namespace: string } | undefined;
  pages: Pages;
  logger: Logger;
  now: () => number;
}

/** What the pages share. */
export interface PageKit {
  openSession: RequestHandler;
  /** Sends a visitor to the sign-in and back. */
  requireSession: RequestHandler;
  requireScope: (scope: Scope) => RequestHandler;
  principalOf: (res: Response) => SessionPrincipal;
  facts: (req: Request, res: Response) => AuthenticatedFacts;
  chrome: (req: Request, res: Response, title: string) => Promise<Chrome>;
  runUrl: (orgId: string, eventId: string) => string | null;
}

/** Names the route for logs and metrics. */
export function note(routePath: string): RequestHandler {
  return (_req, res, next) => {
    contextOf(res).routePath = routePath;
    next();
  };
}

export function pageKit({ vault, authenticator, temporalUi }: DashboardOptions): PageKit {
  const temporalUrl = temporalUi === undefined ? null : `${temporalUi.url}/namespaces/${encodeURIComponent(temporalUi.namespace)}/workflows`;

  return {
    principalOf,
    async openSession(req, res, next) {
      const token = readSessionCookie(req);
      contextOf(res).principal = token === undefined ? null : await authenticator.bySessionToken(token);
      next();
    },
    requireSession(req, res, next) {
      if (contextOf(res).principal !== null) return next();
      // What was posted cannot be sent again from there: the page that held the form can be shown.
      const page = req.path.replace(/\/keys\/.*$/, '');
      return res.redirect(req.method === 'GET' ? 302 : 303, `/sign-in?next=${encodeURIComponent(page)}`);
    },
    requireScope: (scope) => (_req, res, next) => {
      if (!principalOf(res).scopes.includes(scope)) throw new HttpProblem('missing-scope', { detail: `this needs the scope ${scope}`, extras: { scope } });
      next();
    },
    facts(req, res) {
      const { requestId, receivedAtMs, signal } = contextOf(res);
      return { principal: principalOf(res), requestId, receivedAtMs, signal, ip: req.ip ?? '', secure: req.secure, noteDecision: () => undefined };
    },
    async chrome(req, res, title) {
      const principal = principalOf(res);
      const organization = await findOrganization(vault.sql, { orgId: principal.orgId });
      return chromeOf({ title, principal, organization: organization?.name ?? '', path: req.path, temporalUrl });
    },
    // The id of a governing run, as workflows/ids.ts builds it.
    runUrl: (orgId, eventId) => (temporalUrl === null ? null : `${temporalUrl}/${encodeURIComponent(`gov/${orgId}/${eventId}`)}`),
  };
}

function principalOf(res: Response): SessionPrincipal {
  const { principal } = contextOf(res);
  if (principal?.kind !== 'session') throw new Error('the page has no session');
  return principal;
}
