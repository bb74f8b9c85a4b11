import type { Request, Response, Router } from 'express';
import { CreateKeyInput, KeyId } from '../../schemas/key.ts';
import type { CreatedKey } from '../../schemas/key.ts';
import { developerView, EMPTY_KEY_FORM } from '../pages/developer-view.ts';
import type { KeyFormValues } from '../pages/developer-view.ts';
import { field, fields, formBody } from '../pages/form.ts';
import { HttpProblem } from '../problem.ts';
import { note } from './dashboard-kit.ts';
import type { DashboardOptions, PageKit } from './dashboard-kit.ts';

const SHOWN_KEYS = 200;
const DAY_MS = 86_400_000;

interface Shown {
  created?: CreatedKey | null;
  errors?: string[];
  values?: KeyFormValues;
}

/** `/dashboard/developer`: the organisation's API keys. */
export function keyPages(
  router: Router,
  { handlers, pages, now }: Pick<DashboardOptions, 'handlers' | 'pages' | 'now'>,
  { principalOf, facts, chrome, requireScope }: PageKit,
): void {
  const show = async (req: Request, res: Response, { created = null, errors = [], values = EMPTY_KEY_FORM }: Shown = {}): Promise<void> => {
    const [frame, { body }] = await Promise.all([
      chrome(req, res, 'API keys'),
      handlers.listKeys({ params: undefined, query: { limit: SHOWN_KEYS }, headers: undefined, body: undefined }, facts(req, res)),
    ]);
    const view = developerView({
      chrome: frame,
      principal: principalOf(res),
      keys: body.data,
      hasMore: body.nextCursor !== null,
      created,
      errors,
      values,
      nowMs: now(),
    });
    res.type('html').send(pages.render('developer', view));
  };

  router.all(['/dashboard/developer', '/dashboard/developer/{*rest}'], requireScope('keys:manage'));
  router.get('/dashboard/developer', note('/dashboard/developer'), (req, res) => show(req, res));

  router.post('/dashboard/developer', note('/dashboard/developer'), formBody, async (req, res) => {
    const values = valuesOf(req);
    const { memberId } = principalOf(res);
    const { name, mode, scopes, expiresInDays, isBound } = values;
    const expiresAt = /^[1-9][0-9]{0,3}$/.test(expiresInDays) ? { expiresAt: new Date(now() + Number(expiresInDays) * DAY_MS).toISOString() } : {};
    const input = CreateKeyInput.safeParse({ name, mode, scopes, ...expiresAt, ...(isBound ? { memberId } : {}) });
    if (!input.success) {
      res.status(422);
      return show(req, res, { values, errors: [...new Set(input.error.issues.map(({ path }) => FAULTS[String(path[0])] ?? 'Check the form.'))] });
    }
    try {
      const { body: created } = await handlers.createKey({ params: undefined, query: undefined, headers: undefined, body: input.data }, facts(req, res));
      // No redirect: the secret is in this answer and nowhere else.
      res.status(201);
      return await show(req, res, { created });
    } catch (error) {
      if (!(error instanceof HttpProblem) || error.status >= 500) throw error;
      res.status(error.status);
      return show(req, res, { values, errors: [error.message] });
    }
  });

  router.post('/dashboard/developer/keys/:id/revoke', note('/dashboard/developer/keys/{id}/revoke'), async (req, res) => {
    const id = KeyId.safeParse(req.params['id']);
    if (!id.success) throw new HttpProblem('not-found');
    await handlers.revokeKey({ params: { id: id.data }, query: undefined, headers: undefined, body: undefined }, facts(req, res));
    res.redirect(303, '/dashboard/developer');
  });
}

const FAULTS: Record<string, string> = {
  name: 'Give the key a name of 1 to 200 characters without control characters.',
  scopes: 'Choose at least one scope.',
  mode: 'Choose live or test.',
};

function valuesOf(req: Request): KeyFormValues {
  return {
    name: field(req, 'name').trim(),
    mode: field(req, 'mode'),
    scopes: fields(req, 'scopes'),
    expiresInDays: field(req, 'expiresInDays'),
    isBound: field(req, 'bound') === 'yes',
  };
}
