import { axeViolations, describeInBrowser, startBrowser } from '../support/browser.ts';
import type { TestBrowser } from '../support/browser.ts';
import { PASSWORD, startPages } from '../support/pages.ts';
import type { TestPages } from '../support/pages.ts';

// Scripts for the browser are text: the sources are compiled without its types.
const FOCUSED = 'document.activeElement.labels?.[0]?.textContent ?? document.activeElement.textContent';

describeInBrowser('the dashboard in a browser', () => {
  let test: TestPages;
  let browser: TestBrowser;

  beforeAll(async () => {
    test = await startPages();
    await test.api.newMember({ id: 'owner', role: 'Owner', password: PASSWORD });
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.stop();
    await test?.stop();
  });

  const openPage = async () => {
    const page = await browser.context.newPage();
    const problems: string[] = [];
    page.on('console', (message) => {
      // A page that answers with an error status is reported here too; the tests ask for some on purpose.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(String(error)));
    return { page, problems };
  };
  const signIn = async (path: string) => {
    const opened = await openPage();
    await browser.context.clearCookies();
    await opened.page.goto(test.baseUrl + path);
    await opened.page.getByLabel('E-mail address').fill('owner@example.com');
    await opened.page.getByLabel('Password').fill(PASSWORD);
    await Promise.all([opened.page.waitForURL(test.baseUrl + path), opened.page.keyboard.press('Enter')]);
    return opened;
  };

  it('signing in by keyboard leads to the decisions, with nothing refused by the content security policy', async () => {
    await test.decide({ id: 'evt_seen', agentId: 'seen-agent', action: 'destroy' });
    const { page, problems } = await signIn('/dashboard');
    const row = page.getByRole('region', { name: 'Table of decisions' }).getByRole('row').filter({ hasText: 'seen-agent' });
    expect(await row.innerText()).toMatch(/BLOCK[\s\S]*act\.destroy[\s\S]*80[\s\S]*destroys data/);
    expect(await page.evaluate<string>('getComputedStyle(document.body).margin')).toBe('0px');
    expect(problems).toEqual([]);
    await page.close();
  });

  it('a review is found, read and approved with the keyboard alone', async () => {
    await test.decide({ id: 'evt_keyboard', agentId: 'keyboard-agent', action: 'ask', tool: { name: 'delete_database', args: { name: 'staging' } } });
    const { page, problems } = await signIn('/dashboard');
    const tabTo = async (name: RegExp): Promise<void> => {
      for (let n = 0; n < 80; n++) {
        await page.keyboard.press('Tab');
        const label = await page.evaluate<string>(FOCUSED);
        if (name.test(label)) return;
      }
      throw new Error(`the keyboard does not reach ${name}`);
    };
    await tabTo(/^Review ask of keyboard-agent/);
    await Promise.all([page.waitForURL(/\/dashboard\/reviews\//), page.keyboard.press('Enter')]);
    expect(await page.getByRole('region', { name: 'Arguments' }).innerText()).toContain('"name": "staging"');
    await tabTo(/^Reason/);
    await page.keyboard.type('staging only');
    await tabTo(/^Approve$/);
    await page.keyboard.press('Enter');
    await page.getByRole('status').waitFor();
    expect(await page.getByRole('status').innerText()).toMatch(/Approved by owner; the agent may proceed\.[\s\S]*staging only/);
    expect(problems).toEqual([]);
    await page.close();
  });

  it('axe-core finds nothing wrong on any page, light or dark, wide or narrow', async () => {
    const ask = await test.decide({
      id: 'evt_axe',
      agentId: 'axe-agent',
      action: 'ask',
      tool: { name: 'run_sql', args: { query: 'x'.repeat(500) } },
      content: 'text',
    });
    const decided = await test.decide({ id: 'evt_axe_decided', agentId: 'axe-agent', action: 'ask' });
    await test.decide({ id: 'evt_axe_long', agentId: 'a'.repeat(128), action: 'b'.repeat(128) });
    const { page } = await signIn('/dashboard');
    await page.goto(`${test.baseUrl}/dashboard/reviews/${decided.review?.id}`);
    await page.getByRole('button', { name: 'Reject' }).click();
    // The next page would be asked for while this one is still on its way.
    await page.getByText('Rejected by owner; the agent may not proceed.').waitFor();
    const violations: string[] = [];
    const check = async (name: string): Promise<void> => {
      for (const colorScheme of ['light', 'dark'] as const) {
        for (const width of [1_280, 380]) {
          await page.emulateMedia({ colorScheme });
          await page.setViewportSize({ width, height: 800 });
          violations.push(...(await axeViolations(page)).map((violation) => `${name}, ${colorScheme}, ${width}: ${violation}`));
          const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
          if (overflow > 0) violations.push(`${name}, ${width}: ${overflow} pixels wider than the window`);
        }
      }
    };
    for (const path of [
      '/dashboard',
      `/dashboard/reviews/${ask.review?.id}`,
      `/dashboard/reviews/${decided.review?.id}`,
      '/dashboard/developer',
      '/dashboard/none',
    ]) {
      await page.goto(test.baseUrl + path);
      await check(path);
    }
    await page.goto(`${test.baseUrl}/dashboard/developer`);
    await page.getByLabel('Name').fill('made by a browser');
    await page.getByRole('button', { name: 'Make the key' }).click();
    await page.getByRole('region', { name: 'The new key' }).waitFor();
    await check('the new key');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Password').fill('wrong');
    await page.getByLabel('E-mail address').fill('nobody@example.com');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    await check('sign-in');
    expect(violations).toEqual([]);
    await page.close();
  });

  it('works without JavaScript', async () => {
    const decision = await test.decide({ id: 'evt_plain', agentId: 'plain-agent', action: 'ask' });
    const plain = await startBrowser({ javaScript: false });
    try {
      const page = await plain.context.newPage();
      const path = `/dashboard/reviews/${decision.review?.id}`;
      await page.goto(test.baseUrl + path);
      await page.getByLabel('E-mail address').fill('owner@example.com');
      await page.getByLabel('Password').fill(PASSWORD);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.waitForURL(test.baseUrl + path);
      await page.getByRole('button', { name: 'Reject' }).click();
      await page.getByText('Rejected by owner; the agent may not proceed.').waitFor();
      expect(await page.getByRole('button', { name: 'Reject' }).count()).toBe(0);
    } finally {
      await plain.stop();
    }
  });
});
