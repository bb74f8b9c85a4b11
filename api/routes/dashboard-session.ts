import type { Response, Router } from 'express';
import { SignInInput } from '../../schemas/session.ts';
import { contextOf } from '../context.ts';
import { sameOrigin } from '../middleware/same-origin.ts';
import { signedOutChrome } from '../pages/chrome.ts';
import { field, formBody } from '../pages/form.ts';
import { HttpProblem } from '../problem.ts';
import { note } from './dashboard-kit.ts';
import type { DashboardOptions, PageKit } from './dashboard-kit.ts';

/** `/sign-in` and `/sign-out`: the API's session, by form. */
export function sessionPages(
  router: Router,
  { handlers, pages, publicOrigin }: Pick<DashboardOptions, 'handlers' | 'pages' | 'publicOrigin'>,
  { facts }: PageKit,
): void {
  const showForm = (res: Response, { email, next, error }: { email: string; next: string; error: string | null }): void => {
    res.type('html').send(pages.render('sign-in', { chrome: signedOutChrome('Sign in'), email, next, error }));
  };

  router.get('/sign-in', note('/sign-in'), (req, res) => {
    const next = pathWithin(req.query['next']);
    if (contextOf(res).principal !== null) return res.redirect(next);
    return showForm(res, { email: '', next, error: null });
  });

  router.post('/sign-in', note('/sign-in'), sameOrigin({ publicOrigin, signIn: true }), formBody, async (req, res) => {
    const next = pathWithin(field(req, 'next'));
    const email = field(req, 'email');
    try {
      const input = SignInInput.safeParse({ email, password: field(req, 'password') });
      // One text whatever was wrong: an address that cannot be one is no different from an unknown one.
      if (!input.success) throw new HttpProblem('unauthenticated');
      const { requestId, receivedAtMs, signal } = contextOf(res);
      const request = { requestId, receivedAtMs, signal, ip: req.ip ?? '', secure: req.secure, noteDecision: () => undefined };
      const { headers = {} } = await handlers.signIn({ params: undefined, query: undefined, headers: undefined, body: input.data }, request);
      for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
      res.redirect(303, next);
    } catch (error) {
      if (!(error instanceof HttpProblem) || (error.code !== 'unauthenticated' && error.code !== 'rate-limited')) throw error;
      for (const [name, value] of Object.entries(error.options.headers ?? {})) res.setHeader(name, value);
      res.status(error.status);
      showForm(res, {
        email: email.slice(0, 320),
        next,
        error: error.code === 'rate-limited' ? 'Too many tries. Wait a few minutes.' : 'The address or the password is wrong.',
      });
    }
  });

  router.post('/sign-out', note('/sign-out'), sameOrigin({ publicOrigin }), async (req, res) => {
    if (contextOf(res).principal !== null) {
      const { headers = {} } = await handlers.signOut({ params: undefined, query: undefined, headers: undefined, body: undefined }, facts(req, res));
      for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
    }
    res.redirect(303, '/sign-in');
  });
}

/** A path of the dashboard, or its front page: nobody is sent elsewhere after signing in. */
function pathWithin(next: unknown): string {
  return typeof next === 'string' && next.length <= 512 && /^\/dashboard(?:\/[\w.~%-]+)*$/.test(next) ? next : '/dashboard';
}
