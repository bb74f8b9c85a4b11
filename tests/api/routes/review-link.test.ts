import { randomUUID } from 'node:crypto';
import { asTenant } from '../../../db/tenant.ts';
import { DecisionUnavailable } from '../../../api/governance-runtime.ts';
import { findReview, type ReviewRow } from '../../../db/queries/reviews.ts';
import { type PageAnswer, startPages, type TestPages, textOf } from '../../support/pages.ts';
import { openTestPool } from '../../support/database.ts';

const HOUR_MS = 3_600_000;
let pages: TestPages;
beforeAll(async () => {
  pages = await startPages();
  for (const id of ['ann', 'bob']) await pages.api.newMember({ id, role: 'Reviewer' });
  await pages.api.newMember({ id: 'vic', role: 'Viewer' });
  await pages.api.newMember({ id: 'gone', role: 'Reviewer' });
});
afterAll(() => pages.stop());
beforeEach(() => {
  pages.api.runtime.plan = { levels: [{ reviewers: { roles: ['Reviewer'] }, withinMs: HOUR_MS }], outcome: 'block' };
  pages.api.runtime.failWith(null);
  pages.api.clock.stoppedAtMs = null;
});

interface Asked {
  review: ReviewRow;
  read: () => Promise<ReviewRow>;
  linkFor: (memberId: string, changes?: { digest?: string; expiresAtMs?: number; orgId?: string; reviewId?: string }) => string;
}

async function ask(options: { requester?: string } = {}): Promise<Asked> {
  const event = { id: randomUUID(), agentId: 'treasury', action: 'ask', intent: 'pay <b>now</b>', tool: { name: 'transfer', args: { amount: 4_711 } } };
  const decision = await pages.decide(event, options);
  const { orgId, vault } = pages.api;
  const reviewId = decision.review?.id ?? '';
  const read = async (): Promise<ReviewRow> => {
    const row = await findReview(vault, { orgId, reviewId });
    if (row === undefined) throw new Error('there is no review');
    return row;
  };
  const review = await read();
  return {
    review,
    read,
    linkFor: (memberId, changes = {}) =>
      `/review/${pages.links.mint({ orgId, reviewId, memberId, digest: review.actionDigest, expiresAtMs: review.expiresAt.getTime(), ...changes }, randomUUID())}`,
  };
}
const stepsOf = async ({ read }: Asked) =>
  (JSON.parse((await read()).state) as { steps: { step: string; actor: string; via: string; reason?: string }[] }).steps;
const press = (link: string, form: Record<string, string>): Promise<PageAnswer> => pages.send('POST', link, { form });
const hasForm = ({ text }: PageAnswer): boolean => text.includes('value="approve"');
const usesOf = (linkId: string) =>
  asTenant(
    pages.api.database.appSql,
    pages.api.orgId,
    (tx) => tx`select member_id from review_link_use where org_id = ${pages.api.orgId} and link_id = ${linkId}`,
  );

describe('looking', () => {
  it('shows what, why, whose arguments, which level and until when, and offers the buttons', async () => {
    const asked = await ask();
    const page = await pages.send('GET', asked.linkFor('ann'));
    expect(page.status).toBe(200);
    const text = textOf(page);
    for (const part of ['destroys data', 'treasury', 'transfer', '4711', 'pay <b>now</b>', '1 of 1', 'left', 'in the name of ann'])
      expect(text).toContain(part);
    expect(page.text).toContain('pay &lt;b&gt;now&lt;/b&gt;');
    expect(hasForm(page)).toBe(true);
    expect(page.text).not.toContain('value="escalate"');
  });

  it('decides nothing and spends nothing, by GET or HEAD, however often', async () => {
    const asked = await ask();
    const link = asked.linkFor('ann');
    for (const method of ['HEAD', 'GET', 'HEAD', 'GET']) expect((await pages.send(method, link)).status).toBe(200);
    expect(await asked.read()).toEqual(asked.review);
    expect((await press(link, { verb: 'approve' })).status).toBe(303);
  });

  it('shows the arguments that a reviewer put in place of those the agent sent', async () => {
    pages.api.runtime.plan = { levels: [{ reviewers: { roles: ['Reviewer'] }, quorum: 2, withinMs: HOUR_MS }], outcome: 'block', allowEdit: true };
    const asked = await ask();
    const { id: reviewId, eventId, kind } = asked.review;
    const vote = { orgId: pages.api.orgId, reviewId, eventId, kind, memberId: 'ann', via: 'session', requestId: 'req_edit' };
    await pages.api.runtime.review({ ...vote, verb: 'edit', args: { amount: 99_999 } });
    const page = await pages.send('GET', asked.linkFor('bob', { digest: (await asked.read()).actionDigest }));
    expect([hasForm(page), textOf(page)]).toEqual([true, expect.stringContaining('"amount": 99999 ')]);
    expect(textOf(page)).toContain('A reviewer put these in place of what the agent sent.');
    expect(textOf(page)).not.toContain('4711');
  });

  it('is kept by nobody, found by nobody, and tells no other site of itself', async () => {
    const { headers } = await pages.send('GET', (await ask()).linkFor('ann'));
    expect([headers.get('cache-control'), headers.get('referrer-policy'), headers.get('x-robots-tag')]).toEqual([
      'no-store',
      'same-origin',
      'noindex, nofollow',
    ]);
    expect(headers.get('set-cookie')).toBeNull();
  });

  it('leaves no trace of the token in the log', async () => {
    const link = (await ask()).linkFor('ann');
    await pages.send('GET', link);
    expect(pages.api.log.join('\n')).not.toContain(link.slice('/review/'.length, 60));
  });
});

describe('deciding', () => {
  it.each([
    ['approve', 'approved'],
    ['reject', 'rejected'],
  ])('to %s is recorded once, with person, reason and link', async (verb, status) => {
    const asked = await ask();
    const link = asked.linkFor('ann');
    const pressed = await press(link, { verb, reason: ' known customer ' });
    expect([pressed.status, pressed.headers.get('location')]).toEqual([303, link]);
    const [step, ...others] = await stepsOf(asked);
    const { id } = pages.links.read(link.slice('/review/'.length)) ?? { id: '' };
    expect(step).toMatchObject({ step: verb, actor: 'ann', via: `link:${id}`, reason: 'known customer' });
    expect(others).toEqual([]);
    expect((await asked.read()).status).toBe(status);
    expect(await usesOf(id)).toHaveLength(1);
    expect(textOf(await pages.send('GET', link))).toContain(`your decision is on record: ${verb}. The review is ${status}.`);
  });

  it('a second time shows what stands and decides nothing, while the review still waits for others too', async () => {
    pages.api.runtime.plan = { levels: [{ reviewers: { roles: ['Reviewer'] }, quorum: 2, withinMs: HOUR_MS }], outcome: 'block' };
    const asked = await ask();
    const link = asked.linkFor('ann');
    await press(link, { verb: 'approve' });
    const again = await press(link, { verb: 'reject' });
    expect([again.status, hasForm(again), textOf(again)]).toEqual([409, false, expect.stringContaining('your decision is on record: approve')]);
    expect(await stepsOf(asked)).toHaveLength(1);
    expect((await asked.read()).status).toBe('pending');
  });

  it('by two buttons at once is one decision', async () => {
    const asked = await ask();
    const link = asked.linkFor('ann');
    await Promise.all(Array.from({ length: 10 }, (_, at) => press(link, { verb: at % 2 === 0 ? 'approve' : 'reject' })));
    expect(await stepsOf(asked)).toHaveLength(1);
  });

  it('escalates where there is a level above', async () => {
    pages.api.runtime.plan = {
      levels: ['Reviewer', 'Owner'].map((role) => ({ reviewers: { roles: [role as 'Owner'] }, withinMs: HOUR_MS })),
      outcome: 'block',
    };
    const asked = await ask();
    const link = asked.linkFor('ann');
    expect((await pages.send('GET', link)).text).toContain('value="escalate"');
    expect((await press(link, { verb: 'escalate' })).status).toBe(303);
    expect(await stepsOf(asked)).toMatchObject([{ step: 'escalate', actor: 'ann' }]);
  });

  it('asks for a reason where the plan does, and keeps what was typed', async () => {
    pages.api.runtime.plan = { ...pages.api.runtime.plan, reasonRequired: true };
    const asked = await ask();
    const link = asked.linkFor('ann');
    const bare = await press(link, { verb: 'approve' });
    expect([bare.status, hasForm(bare)]).toEqual([422, true]);
    const strange = await press(link, { verb: 'break-glass', reason: 'typed before' });
    expect([strange.status, strange.text.includes('typed before')]).toEqual([422, true]);
    expect((await press(link, { verb: 'approve', reason: 'known' })).status).toBe(303);
  });

  it('that nobody could record spends no link', async () => {
    const asked = await ask();
    const link = asked.linkFor('ann');
    pages.api.runtime.failWith(new DecisionUnavailable('Temporal is away'));
    expect((await press(link, { verb: 'approve' })).status).toBe(503);
    pages.api.runtime.failWith(null);
    expect((await press(link, { verb: 'approve' })).status).toBe(303);
  });

  it('from another site is refused', async () => {
    const asked = await ask();
    const link = asked.linkFor('ann');
    for (const headers of [{ Origin: 'https://evil.example' }, { Origin: 'null' }, { 'Sec-Fetch-Site': 'cross-site' }]) {
      expect((await pages.send('POST', link, { form: { verb: 'approve' }, headers })).status).toBe(403);
    }
    expect(await asked.read()).toEqual(asked.review);
  });
});

describe('a link', () => {
  const refused = async (asked: Asked, link: string): Promise<string> => {
    const page = await pages.send('GET', link);
    const pressed = await press(link, { verb: 'approve' });
    expect([hasForm(page), hasForm(pressed), pressed.status >= 400]).toEqual([false, false, true]);
    expect(await asked.read()).toEqual(asked.review);
    return textOf(page);
  };

  it("of the requester's own is refused, whoever made it", async () => {
    expect(await refused(...(await own()))).toContain('nobody decides on their own request');
  });
  const own = async (): Promise<[Asked, string]> => {
    const asked = await ask({ requester: 'member:ann' });
    return [asked, asked.linkFor('ann')];
  };

  it('for an action that has changed since says so', async () => {
    const asked = await ask();
    expect(await refused(asked, asked.linkFor('ann', { digest: 'b'.repeat(64) }))).toContain('The action has changed since');
  });

  it('of somebody whom the level does not ask shows no form', async () => {
    pages.api.runtime.plan = { levels: [{ reviewers: { users: ['bob'] }, withinMs: HOUR_MS }], outcome: 'block' };
    const asked = await ask();
    expect(await refused(asked, asked.linkFor('ann'))).toContain('decided by other members');
  });

  it('that is tampered with, foreign, or of somebody who decides no more: the same plain page', async () => {
    const asked = await ask();
    const admin = openTestPool({ url: pages.api.database.adminUrl, maxConnections: 1 });
    await admin`update member set status = 'disabled' where org_id = ${pages.api.orgId} and id = 'gone'`;
    await admin.end();
    const good = asked.linkFor('ann');
    const texts: string[] = [];
    for (const link of [
      `${good.slice(0, -1)}${good.endsWith('A') ? 'B' : 'A'}`,
      '/review/nothing',
      asked.linkFor('ann', { orgId: randomUUID() }),
      asked.linkFor('ann', { reviewId: 'rev_other' }),
      asked.linkFor('vic'),
      asked.linkFor('gone'),
    ]) {
      expect((await pages.send('GET', link)).status).toBe(404);
      texts.push((await refused(asked, link)).replace(/Request \S+/, ''));
    }
    expect(new Set(texts).size).toBe(1);
    expect(texts[0]).toContain('This link does not work');
    expect(texts[0]).not.toContain('treasury');
  });

  it('that has expired is gone', async () => {
    const asked = await ask();
    const link = asked.linkFor('ann', { expiresAtMs: Date.now() - 1_000 });
    expect((await pages.send('GET', link)).status).toBe(410);
    expect(await refused(asked, link)).toContain('This link does not work');
  });

  it('that has expired is gone as well once the review is decided, and shows nothing of it', async () => {
    const asked = await ask();
    await press(asked.linkFor('bob'), { verb: 'reject' });
    const link = asked.linkFor('ann', { expiresAtMs: Date.now() - 1_000 });
    for (const page of [await pages.send('GET', link), await press(link, { verb: 'approve' })]) {
      expect([page.status, textOf(page)]).toEqual([410, expect.stringContaining('This link does not work')]);
      expect(textOf(page)).not.toMatch(/treasury|transfer/);
    }
  });

  it('to a review that others have decided shows what stands, until the link expires', async () => {
    const asked = await ask();
    await press(asked.linkFor('bob'), { verb: 'reject' });
    const page = await pages.send('GET', asked.linkFor('ann'));
    expect([page.status, hasForm(page), textOf(page)]).toEqual([
      200,
      false,
      expect.stringContaining('There is nothing left to decide. The review is rejected.'),
    ]);
  });

  it('is tried so often and no more; what is no link is counted by address', async () => {
    const link = (await ask()).linkFor('ann');
    pages.api.clock.stoppedAtMs = Date.now();
    const statuses: number[] = [];
    for (let tries = 0; tries < 22; tries += 1) statuses.push((await pages.send('GET', link)).status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(20);
    const last = await pages.send('GET', link);
    expect([last.status, Number(last.headers.get('retry-after')) > 0]).toEqual([429, true]);
    expect((await pages.send('GET', (await ask()).linkFor('bob'))).status).toBe(200);
    for (let tries = 0; tries < 22; tries += 1) statuses.push((await pages.send('GET', '/review/guess')).status);
    expect(statuses.at(-1)).toBe(429);
  });

  it('answers nothing but GET, HEAD and POST', async () => {
    expect((await pages.send('DELETE', (await ask()).linkFor('ann'))).status).toBe(404);
  });
});
