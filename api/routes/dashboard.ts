import { Router } from 'express';
import { listAgents } from '../../db/queries/agents.ts';
import { listDueReviews, listRecentEvents } from '../../db/queries/dashboard.ts';
import { sameOrigin } from '../middleware/same-origin.ts';
import { dashboardView } from '../pages/dashboard-view.ts';
import { problemPage } from '../pages/problem-page.ts';
import { HttpProblem } from '../problem.ts';
import { keyPages } from './dashboard-keys.ts';
import { note, pageKit } from './dashboard-kit.ts';
import type { DashboardOptions } from './dashboard-kit.ts';
import { reviewPages } from './dashboard-reviews.ts';
import { sessionPages } from './dashboard-session.ts';

const SHOWN_DECISIONS = 50;
const SHOWN_REVIEWS = 100;
const SHOWN_AGENTS = 200;

/** The small server-rendered dashboard: works without JavaScript, for members who are signed in. */
export function createDashboardRouter(options: DashboardOptions): Router {
  const { vault, pages, publicOrigin, now } = options;
  const { sql } = vault;
  const kit = pageKit(options);
  const router = Router({ caseSensitive: true, strict: true });
  // Only paths of the dashboard: everything else passes by untouched.
  const paths = ['/dashboard', '/dashboard/{*rest}', '/sign-in', '/sign-out'];

  router.get(pages.stylesheet.path, note('/dashboard/{file}'), (_req, res) => {
    res.setHeader('Cache-Control', 'public, max-age=31536000, immutable');
    res.type('css').send(pages.stylesheet.text);
  });
  router.all(paths, kit.openSession);
  sessionPages(router, options, kit);
  router.all(['/dashboard', '/dashboard/{*rest}'], kit.requireSession, sameOrigin({ publicOrigin }));

  router.get('/dashboard', note('/dashboard'), async (req, res) => {
    const principal = kit.principalOf(res);
    const { orgId } = principal;
    const [chrome, reviews, events, agents] = await Promise.all([
      kit.chrome(req, res, 'Dashboard'),
      listDueReviews(sql, { orgId, limit: SHOWN_REVIEWS }),
      listRecentEvents(sql, { orgId, limit: SHOWN_DECISIONS }),
      listAgents(sql, { orgId, afterId: '', limit: SHOWN_AGENTS }),
    ]);
    const runUrlOf = (eventId: string): string | null => kit.runUrl(orgId, eventId);
    res.type('html').send(pages.render('dashboard', dashboardView({ chrome, reviews, events, agents, runUrlOf, nowMs: now() })));
  });
  reviewPages(router, options, kit);
  keyPages(router, options, kit);

  router.all(paths, () => {
    throw new HttpProblem('not-found');
  });
  router.use(problemPage(options));
  return router;
}
