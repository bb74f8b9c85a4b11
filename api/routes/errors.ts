import { Router } from 'express';
import { ERROR_CODES, ERRORS } from '../../schemas/problem.ts';
import { contextOf } from '../context.ts';
import { HttpProblem } from '../problem.ts';

/** What the `type` of every problem points to: one small page per code, JSON for those who ask for it. */
export function errorRoutes(): Router {
  const router = Router();
  router.get('/errors/:code', (req, res) => {
    contextOf(res).routePath = '/errors/{code}';
    const code = ERROR_CODES.find((known) => known === req.params.code);
    if (code === undefined) throw new HttpProblem('not-found');
    const { status, title, help } = ERRORS[code];
    res.setHeader('Cache-Control', 'public, max-age=3600');
    res.setHeader('Vary', 'Accept');
    if (req.accepts(['html', 'json']) === 'json') res.json({ code, status, title, help });
    else res.type('html').send(page(code, status, title, help));
  });
  return router;
}

function page(code: string, status: number, title: string, help: string): string {
  const withCode = escaped(help).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${code}</title><h1>${escaped(title)}</h1><p>HTTP ${status}, code <code>${code}</code></p><p>${withCode}</p></html>\n`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
