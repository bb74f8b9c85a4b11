import { PASSWORD, startPages, TEMPORAL_UI, textOf } from '../../support/pages.ts';
import type { PageAnswer, TestPages } from '../../support/pages.ts';

let test: TestPages;
const cookies: Record<string, string> = {};
const PEOPLE = { owner: 'Owner', admin: 'Admin', reviewer: 'Reviewer', auditor: 'Auditor', viewer: 'Viewer' } as const;

beforeAll(async () => {
  test = await startPages();
  for (const [id, role] of Object.entries(PEOPLE)) {
    await test.api.newMember({ id, role, password: PASSWORD });
    cookies[id] = await test.cookieOf(id);
  }
  const orgId = await test.api.newOrganization();
  await test.api.newMember({ id: 'stranger', role: 'Owner', orgId, password: PASSWORD });
  cookies['stranger'] = await test.cookieOf('stranger');
});
afterAll(() => test.stop());
beforeEach(() => Object.assign(test.api.clock, { offsetMs: 0, stoppedAtMs: Date.now() }));
afterEach(() => test.api.runtime.failWith(null));

const get = (path: string, member: string): Promise<PageAnswer> => test.send('GET', path, { cookie: cookies[member] ?? '' });
const post = (
  path: string,
  member: string,
  form: Record<string, string> | [string, string][] = {},
  headers: Record<string, string> = {},
): Promise<PageAnswer> => test.send('POST', path, { cookie: cookies[member] ?? '', form, headers });
let serial = 0;
async function askReview(tool = { name: 'delete_database', args: { name: 'prod' } }, requester?: string): Promise<{ path: string; eventId: string }> {
  const id = `evt_review_${(serial += 1)}`;
  const decision = await test.decide({ id, agentId: 'billing', action: 'ask', tool }, requester === undefined ? {} : { requester });
  return { path: `/dashboard/reviews/${decision.review?.id}`, eventId: id };
}

describe('signing in', () => {
  it.each(['/dashboard', '/dashboard/reviews/rev_1', '/dashboard/developer'])('%s sends a visitor without a session to the form and back', async (path) => {
    const answer = await test.send('GET', path);
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toBe(`/sign-in?next=${encodeURIComponent(path)}`);
    const signedIn = await test.send('POST', '/sign-in', { form: { email: 'owner@example.com', password: PASSWORD, next: path } });
    expect(signedIn.status).toBe(303);
    expect(signedIn.headers.get('location')).toBe(path);
    expect(signedIn.headers.get('set-cookie')).toMatch(/^mg_session=[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/);
  });

  it('answers an unknown address, a wrong password and an address that cannot be one with the same page', async () => {
    const answers = await Promise.all(
      [
        { email: 'owner@example.com', password: 'wrong' },
        { email: 'nobody@example.com', password: 'wrong' },
        { email: 'x', password: '' },
      ].map((form) => test.send('POST', '/sign-in', { form })),
    );
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401]);
    const pages = answers.map(({ text }) => text.replace(/(id="email"[^>]*value=")[^"]*/, '$1'));
    expect(new Set(pages).size).toBe(1);
    expect(textOf(answers[0] as PageAnswer)).toContain('The address or the password is wrong.');
  });

  it('says so when there were too many tries, and nothing of whether the last one was right', async () => {
    await test.api.newMember({ id: 'hurried', role: 'Viewer', password: PASSWORD });
    const tries = [];
    for (let n = 0; n < 4; n++) tries.push(await test.send('POST', '/sign-in', { form: { email: 'hurried@example.com', password: 'wrong' } }));
    expect(tries.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
    const answer = await test.send('POST', '/sign-in', { form: { email: 'hurried@example.com', password: PASSWORD } });
    expect(answer.status).toBe(429);
    expect(textOf(answer)).toContain('Too many tries');
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(answer.headers.get('set-cookie')).toBeNull();
  });

  it.each(['https://evil.example.com/', '//evil.example.com', '/dashboard//evil', '/\\evil', '/dashboard/../docs?x', 'javascript:alert(1)'])(
    'goes to the dashboard instead of %s',
    async (next) => {
      const answer = await test.send('POST', '/sign-in', { form: { email: 'owner@example.com', password: PASSWORD, next } });
      expect(answer.headers.get('location')).toBe('/dashboard');
    },
  );

  it.each([{ Origin: 'http://evil.example.com' }, { Origin: 'null' }, { 'Sec-Fetch-Site': 'cross-site' }, { 'Sec-Fetch-Site': 'same-site' }])(
    'refuses a form posted from elsewhere (%j)',
    async (headers) => {
      const answer = await test.send('POST', '/sign-in', { form: { email: 'owner@example.com', password: PASSWORD }, headers });
      expect(answer.status).toBe(403);
      expect(answer.headers.get('set-cookie')).toBeNull();
      expect((await post('/sign-out', 'owner', {}, headers)).status).toBe(403);
      expect((await get('/dashboard', 'owner')).status).toBe(200);
    },
  );

  it('ends with the session: signed out, idle too long, or never ours', async () => {
    const cookie = await test.cookieOf('viewer');
    const answer = await test.send('POST', '/sign-out', { cookie, form: {} });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe('/sign-in');
    expect(answer.headers.get('set-cookie')).toMatch(/^mg_session=; .*Max-Age=0/);
    expect((await test.send('GET', '/dashboard', { cookie })).status).toBe(302);
    expect((await test.send('GET', '/dashboard', { cookie: `mg_session=${'A'.repeat(43)}` })).status).toBe(302);
    test.api.clock.offsetMs = 31 * 60_000;
    expect((await get('/dashboard', 'viewer')).status).toBe(302);
    const late = await post('/dashboard/developer/keys/abcdefgh/revoke', 'owner');
    expect([late.status, late.headers.get('location')]).toEqual([303, '/sign-in?next=%2Fdashboard%2Fdeveloper']);
  });

  it('takes no API key for a session', async () => {
    expect((await test.send('GET', '/dashboard', { headers: { 'X-API-Key': test.api.ownerKey } })).status).toBe(302);
  });
});

describe('every page', () => {
  it('carries a policy without inline script or style, and holds to it', async () => {
    const { path } = await askReview();
    for (const page of ['/dashboard', path, '/dashboard/developer', '/dashboard/none']) {
      const { text, headers } = await get(page, 'owner');
      expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*script-src 'self'/);
      expect(headers.get('content-security-policy')).not.toContain('unsafe');
      expect(headers.get('cache-control')).toBe('no-store');
      // With `no-referrer`, browsers send `Origin: null` with the page's own forms, which is refused.
      expect(headers.get('referrer-policy')).toBe('same-origin');
      expect(text).not.toMatch(/<script|<style| style=| on\w+=/);
    }
  });

  it('names a stylesheet that is there and may be kept', async () => {
    const { text } = await get('/dashboard', 'owner');
    const path = /<link rel="stylesheet" href="([^"]+)"/.exec(text)?.[1] ?? '';
    const sheet = await test.send('GET', path);
    expect(sheet.status).toBe(200);
    expect(sheet.headers.get('content-type')).toBe('text/css; charset=utf-8');
    expect(sheet.headers.get('cache-control')).toContain('immutable');
  });

  it('is a page even when it fails, and tells nothing of the inside', async () => {
    const { path } = await askReview();
    const missing = await get('/dashboard/reviews/rev_none', 'owner');
    expect(missing.status).toBe(404);
    expect(textOf(missing)).toContain('Not found');
    test.api.runtime.failWith(new Error('secret detail'));
    const failed = await post(path, 'owner', { verb: 'approve' });
    expect(failed.status).toBe(500);
    expect(failed.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(failed.text).not.toContain('secret detail');
    expect((await get('/dashboard/reviews/%00', 'owner')).status).toBe(404);
    expect((await get('/dashboard/reviews/%ff', 'owner')).status).toBe(404);
  });
});

describe('the dashboard', () => {
  it('shows a decision with time, agent, action, value, categories with detectors, risk, reasons, rule and entry', async () => {
    const decision = await test.decide({ id: 'evt:shown.1', agentId: 'shown-agent', action: 'destroy' });
    const { text } = await get('/dashboard', 'viewer');
    const row = text.split('<tr>').find((part) => part.includes('shown-agent') && part.includes('BLOCK')) ?? '';
    for (const part of [
      '<span class="badge block">BLOCK</span>',
      '<strong>Action</strong> <code>act.destroy</code>',
      '>80<',
      'destroys data',
      'no policy',
      `>${decision.receipt.seq}<`,
    ])
      expect(row).toContain(part);
    expect(row).toMatch(/<time datetime="\d{4}-\d\d-\d\dT[\d:.]+Z">\d{4}-\d\d-\d\d \d\d:\d\d:\d\d<\/time>/);
    expect(row).toContain(`href="${TEMPORAL_UI}/namespaces/default/workflows/gov%2F${test.api.orgId}%2Fevt%3Ashown.1"`);
  });

  it('lists pending reviews, the one due first at the top, with the time left', async () => {
    const plan = test.api.runtime.plan;
    for (const [agentId, withinMs] of [
      ['due-later', 7_200_000],
      ['due-first', 600_000],
      ['due-last', 93_600_000],
    ] as const) {
      test.api.runtime.plan = { levels: [{ reviewers: { roles: ['Owner'] }, withinMs }], outcome: 'block' };
      await test.decide({ id: `evt_${agentId}`, agentId, action: 'ask' });
    }
    test.api.runtime.plan = plan;
    test.api.clock.offsetMs = 5_000;
    const answer = await get('/dashboard', 'owner');
    const pending = answer.text.slice(answer.text.indexOf('id="reviews"'), answer.text.indexOf('id="decisions"'));
    expect([...pending.matchAll(/>(due-\w+)</g)].map(([, agentId]) => agentId)).toEqual(['due-first', 'due-later', 'due-last']);
    expect(pending).toMatch(/9 min 55 s left/);
    expect(pending).toMatch(/1 h 59 min left/);
    expect(pending).toMatch(/1 d 1 h left/);
  });

  it('shows agents with status and last seen', async () => {
    await test.decide({ id: 'evt_seen', agentId: 'seen-agent', action: 'read' });
    const { text } = await get('/dashboard', 'owner');
    const agents = text.slice(text.indexOf('id="agents"'));
    const row = agents.split('<tr>').find((part) => part.includes('seen-agent')) ?? '';
    expect(row).toContain('active');
    expect(row).toMatch(/\d+ (?:s|min) ago/);
  });

  it('escapes what events say and shows characters that would hide', async () => {
    const action = `<img src=x onerror=alert(1)>'"&{{7*7}}\u202Edenwo\u200B`;
    await test.decide({ id: 'evt_hostile', agentId: 'hostile', action });
    const answer = await get('/dashboard', 'owner');
    expect(answer.text).not.toContain('<img');
    expect(answer.text).not.toMatch(/[\u202E\u200B]/);
    expect(textOf(answer)).toContain(`<img src=x onerror=alert(1)>'"&{{7*7}}\\u{202e}denwo\\u{200b}`);
  });

  it('cuts what is long and keeps the whole of it on the page', async () => {
    const action = `begins_${'x'.repeat(100)}_ends`;
    await test.decide({ id: 'evt_long', agentId: 'long', action });
    const { text } = await get('/dashboard', 'owner');
    expect(text).toMatch(/<summary>begins_x+…<\/summary><span class="full">begins_x+_ends<\/span>/);
  });

  it('shows one organisation nothing of another', async () => {
    const { path } = await askReview();
    const page = await get('/dashboard', 'stranger');
    expect(textOf(page)).toContain('Nothing waits for a person');
    expect(textOf(page)).toContain('No decision yet');
    expect(textOf(page)).toContain('No agent yet');
    expect((await get(path, 'stranger')).status).toBe(404);
    expect((await post(path, 'stranger', { verb: 'approve' })).status).toBe(404);
    expect((await get(path, 'owner')).text).toContain('>pending<');
  });
});

describe('a review', () => {
  it('shows what, why, the arguments in full, who may decide, when it is due, and the receipt', async () => {
    const args = { name: 'prod\u202E', query: 'drop table x; '.repeat(400), nested: { a: [1, 2, { b: '<b>' }] } };
    const { path, eventId } = await askReview({ name: 'run_sql', args });
    test.api.clock.offsetMs = 5_000;
    const page = textOf(await get(path, 'reviewer'));
    for (const part of [
      'run_sql',
      eventId,
      'destroys data',
      'act.destroy',
      '80 of 100',
      'every Owner, every Admin, every Reviewer',
      'the action is blocked',
      '\\u{202e}',
      '"b": "<b>"',
      'Ledger entry',
      'Entry hash',
    ])
      expect(page).toContain(part);
    expect(page).toContain('drop table x; '.repeat(400).trim());
    expect(page).toMatch(/23 h 59 min left/);
  });

  it.each([
    ['approve', 'Approved by reviewer; the agent may proceed.'],
    ['reject', 'Rejected by reviewer; the agent may not proceed.'],
  ])('%s by form is recorded with its reason and shown to everyone', async (verb, verdict) => {
    const { path } = await askReview();
    const answer = await post(path, 'reviewer', { verb, reason: ' checked\r\ntwice ' });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe(path);
    for (const member of ['reviewer', 'viewer']) {
      const page = await get(path, member);
      expect(textOf(page)).toContain(verdict);
      expect(page.text).toContain('checked\ntwice');
      expect(page.text).not.toContain('name="verb"');
    }
  });

  it('escalates to the next level, whose members see the form then', async () => {
    const plan = test.api.runtime.plan;
    test.api.runtime.plan = {
      levels: [
        { reviewers: { roles: ['Reviewer'] }, withinMs: 60_000 },
        { reviewers: { users: ['owner'] }, withinMs: 60_000 },
      ],
      outcome: 'allow',
    };
    const { path } = await askReview();
    test.api.runtime.plan = plan;
    expect(textOf(await get(path, 'owner'))).toContain('You cannot decide this: this level is decided by other members.');
    expect((await get(path, 'reviewer')).text).toContain('value="escalate"');
    await post(path, 'reviewer', { verb: 'escalate', reason: 'above me' });
    expect(textOf(await get(path, 'reviewer'))).toContain('You cannot decide this');
    const page = await get(path, 'owner');
    expect(textOf(page)).toMatch(/reviewer escalated on level 1, .* above me/);
    expect(textOf(page)).toContain('then the action is allowed');
    expect(page.text).toContain('value="approve"');
    expect(page.text).not.toContain('value="escalate"');
  });

  it('decided already: says who and when, and records nothing more', async () => {
    const { path } = await askReview();
    await post(path, 'owner', { verb: 'reject' });
    const late = await post(path, 'reviewer', { verb: 'approve', reason: 'too late' });
    expect(late.status).toBe(409);
    expect(textOf(late)).toMatch(/came too late and was not recorded.*Rejected by owner; the agent may not proceed\. \d{4}-\d\d-\d\d/);
    expect(late.text).not.toContain('too late</blockquote>');
  });

  it.each(['viewer', 'auditor'])('a %s sees it and may not decide', async (member) => {
    const { path } = await askReview();
    const page = await get(path, member);
    expect(textOf(page)).toContain('You cannot decide this');
    expect(page.text).not.toContain('name="verb"');
    expect((await post(path, member, { verb: 'approve' })).status).toBe(403);
    expect((await get(path, 'owner')).text).toContain('>pending<');
  });

  it('nobody decides on their own request', async () => {
    const { path } = await askReview(undefined, 'member:owner');
    expect(textOf(await get(path, 'owner'))).toContain('You cannot decide this: nobody decides on their own request.');
    expect((await post(path, 'owner', { verb: 'approve' })).status).toBe(403);
    expect((await get(path, 'admin')).text).toContain('>pending<');
  });

  it('refuses a verb it does not know and a reason that is too long, and keeps what was typed', async () => {
    const { path } = await askReview();
    expect((await post(path, 'owner', { verb: 'explode' })).status).toBe(422);
    const answer = await post(path, 'owner', { verb: 'approve', reason: `kept ${'x'.repeat(2_100)}` });
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('>kept xxx');
    expect((await post(path, 'owner', { verb: 'approve', reason: 'x'.repeat(20_000) })).status).toBe(413);
    expect((await get(path, 'owner')).text).toContain('>pending<');
  });

  it('refuses a decision posted from elsewhere', async () => {
    const { path } = await askReview();
    expect((await post(path, 'owner', { verb: 'approve' }, { 'Sec-Fetch-Site': 'cross-site' })).status).toBe(403);
    expect((await get(path, 'owner')).text).toContain('>pending<');
  });

  it('hands the form id on, so that the same form sent twice is one decision', async () => {
    const { path } = await askReview();
    const { text } = await get(path, 'owner');
    const formId = /name="requestId" value="(req_[0-9A-Z]{26})"/.exec(text)?.[1] ?? '';
    const seen: string[] = [];
    const review = test.api.runtime.review.bind(test.api.runtime);
    test.api.runtime.review = (request) => {
      seen.push(request.requestId);
      return review(request);
    };
    await post(path, 'owner', { verb: 'approve', requestId: formId });
    test.api.runtime.review = review;
    expect(seen).toEqual([formId]);
  });
});

/** The secret that the page shows. */
const keyIn = ({ text }: PageAnswer): string => />(mg_(?:live|test)_\w+)<\/pre>/.exec(text)?.[1] ?? '';

describe('API keys', () => {
  const form = { name: 'nightly', mode: 'live', scopes: 'events:write', expiresInDays: '30' };

  it.each(['reviewer', 'auditor', 'viewer'])('a %s neither sees nor makes them', async (member) => {
    expect((await get('/dashboard/developer', member)).status).toBe(403);
    expect((await post('/dashboard/developer', member, form)).status).toBe(403);
    expect((await get('/dashboard', member)).text).not.toContain('/dashboard/developer');
  });

  it('a new one is shown once, works, and can be revoked', async () => {
    const made = await post('/dashboard/developer', 'admin', [
      ['name', 'one <b>'],
      ['mode', 'test'],
      ['scopes', 'audit:read'],
      ['scopes', 'events:read'],
      ['expiresInDays', '30'],
    ]);
    expect(made.status).toBe(201);
    const key = keyIn(made);
    expect(key).toMatch(/^mg_test_/);
    const use = async (): Promise<number> => (await test.send('POST', '/codec/decode', { json: { payloads: [] }, headers: { 'X-API-Key': key } })).status;
    expect(await use()).toBe(200);
    const list = await get('/dashboard/developer', 'owner');
    expect(list.text).not.toContain(key);
    expect(textOf(list)).toContain('one <b>');
    const id = key.slice('mg_test_'.length, 'mg_test_'.length + 8);
    expect((await post(`/dashboard/developer/keys/${id}/revoke`, 'owner')).status).toBe(303);
    expect(await use()).toBe(401);
    expect(textOf(await get('/dashboard/developer', 'owner'))).toContain('revoked');
  });

  it('nobody gives what they do not hold', async () => {
    const answer = await post('/dashboard/developer', 'admin', { ...form, scopes: 'admin' });
    expect(answer.status).toBe(403);
    expect(textOf(answer)).toContain('nobody gives what they do not hold: admin');
    expect(keyIn(answer)).toBe('');
  });

  it('a form with faults comes back with what was entered', async () => {
    const answer = await post('/dashboard/developer', 'owner', { name: '', mode: 'test', expiresInDays: '365' });
    expect(answer.status).toBe(422);
    expect(textOf(answer)).toContain('Give the key a name');
    expect(textOf(answer)).toContain('Choose at least one scope');
    expect(answer.text).toContain('<option value="test" selected>');
    expect(answer.text).toContain('<option value="365" selected>');
  });

  it('a key of another organisation cannot be revoked', async () => {
    const { id, key } = await test.api.newKey();
    expect((await post(`/dashboard/developer/keys/${id}/revoke`, 'stranger')).status).toBe(404);
    expect((await test.send('POST', '/codec/decode', { json: { payloads: [] }, headers: { 'X-API-Key': key } })).status).toBe(200);
  });
});
