import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInThisContext } from 'node:vm';
import Handlebars from 'handlebars';
import type { Chrome } from './pages/chrome.ts';
import type { DashboardView } from './pages/dashboard-view.ts';
import type { DeveloperView } from './pages/developer-view.ts';
import type { ReviewLinkView } from './pages/review-link-view.ts';
import type { ReviewView } from './pages/review-view.ts';

/** What each template is given. Every member is always there (templates are strict), and numbers come as text. */
export interface PageViews {
  'sign-in': { chrome: Chrome; error: string | null; email: string; next: string };
  dashboard: DashboardView;
  review: ReviewView;
  'review-link': ReviewLinkView;
  developer: DeveloperView;
  message: { chrome: Chrome; heading: string; text: string; requestId: string };
}

export interface Pages {
  render<Name extends keyof PageViews>(name: Name, view: PageViews[Name]): string;
  /** Under a name that changes with its content, so that it may be kept for ever. */
  stylesheet: { path: string; text: string };
}

/**
 * Compiles every template of the directory at once, so that a broken one stops the start and not a reader (docs/adr/0006-server-pages.md).
 * What is rendered never reaches the compiler.
 */
export function loadPages(directory: string = join(import.meta.dirname, 'pages')): Pages {
  const handlebars = Handlebars.create();
  const templates = new Map<string, Handlebars.TemplateDelegate>();
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.hbs'))) {
    const path = join(directory, file);
    const source = handlebars.precompile(readFileSync(path, 'utf8').trimEnd(), { strict: true, knownHelpersOnly: true, preventIndent: true }) as string;
    const template = handlebars.template(runInThisContext(`(${source})`, { filename: path }) as TemplateSpecification);
    const name = file.slice(0, -'.hbs'.length);
    templates.set(name, template);
    handlebars.registerPartial(name, template);
  }
  // One sheet for the browser, several files for its authors: later ones refine earlier ones.
  const sheets = readdirSync(directory).filter((name) => name.endsWith('.css'));
  const stylesheet = sheets
    .toSorted()
    .map((name) => readFileSync(join(directory, name), 'utf8'))
    .join('\n');
  const path = `/dashboard/style-${createHash('sha256').update(stylesheet).digest('hex').slice(0, 16)}.css`;

  return {
    render(name, view) {
      const template = templates.get(name);
      if (template === undefined) throw new Error(`there is no page ${name}`);
      return template({ ...view, stylesheet: path });
    },
    stylesheet: { path, text: stylesheet },
  };
}
