import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { BrowserContext, Page } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/snap/bin/chromium'];
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Path of a Chromium; null when there is none. `CHROMIUM_PATH` decides alone where it is set. */
export function findChromium(): string | null {
  const named = process.env['CHROMIUM_PATH'];
  return (named === undefined || named === '' ? PLACES : [named]).find((path) => existsSync(path)) ?? null;
}

/** For what never comes: a busy machine may take its time. */
const WITHIN_MS = 150_000;

/** `describe` where a browser is to be had or demanded; a named skip on a user's machine without one. */
export const describeInBrowser: (name: string, tests: () => void) => void =
  findChromium() !== null || process.env['CI'] === 'true'
    ? describe
    : (name, tests) => describe.skip(`${name} (no Chromium found: install one or set CHROMIUM_PATH)`, tests);

export interface TestBrowser {
  context: BrowserContext;
  stop(): Promise<void>;
}

/** A browser with nothing remembered. */
export async function startBrowser({ javaScript = true }: { javaScript?: boolean } = {}): Promise<TestBrowser> {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error('this test needs a Chromium: install one or set CHROMIUM_PATH');
  const profile = mkdtempSync(join(tmpdir(), 'mastguard-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: FLAGS,
    javaScriptEnabled: javaScript,
    viewport: { width: 1360, height: 900 },
    timeout: WITHIN_MS,
  });
  context.setDefaultTimeout(WITHIN_MS);
  return {
    context,
    async stop() {
      await context.close();
      // Processes of the browser may still be writing there.
      rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core finds wrong on the page as it stands, one line a violation. */
export async function axeViolations(page: Page): Promise<string[]> {
  // Evaluated by the debugger, which the page's content security policy does not bind.
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { target: unknown[]; failureSummary?: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} at ${target.join(' ')}: ${failureSummary ?? ''}`));
  });
}
