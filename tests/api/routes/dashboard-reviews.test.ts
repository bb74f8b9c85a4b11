import { findReview } from '../../../db/queries/reviews.ts';
import type { JsonObject } from '../../../schemas/json.ts';
import { openTestPool } from '../../support/database.ts';
import { PASSWORD, startPages, textOf } from '../../support/pages.ts';
import type { PageAnswer, TestPages } from '../../support/pages.ts';

let test: TestPages;
const cookies: Record<string, string> = {};

beforeAll(async () => {
  test = await startPages();
  for (const id of ['ann', 'bob']) {
    await test.api.newMember({ id, role: 'Reviewer', password: PASSWORD });
    cookies[id] = await test.cookieOf(id);
  }
  test.api.runtime.plan = { levels: [{ reviewers: { roles: ['Reviewer'] }, quorum: 2, withinMs: 3_600_000 }], outcome: 'block', allowEdit: true };
});
afterAll(() => test.stop());

let serial = 0;
interface Asked {
  reviewId: string;
  eventId: string;
  path: string;
}
async function ask({ tool }: { tool?: { name: string; args: JsonObject } } = {}): Promise<Asked> {
  const eventId = `evt_edited_${(serial += 1)}`;
  const { review } = await test.decide({
    id: eventId,
    agentId: 'treasury',
    action: 'ask',
    ...(tool === undefined ? {} : { tool }),
  });
  const reviewId = review?.id ?? '';
  return { reviewId, eventId, path: `/dashboard/reviews/${reviewId}` };
}
const pay = { name: 'transfer', args: { amount: 10 } };
const edit = ({ reviewId, eventId }: Asked, args: JsonObject) =>
  test.api.runtime.review({
    orgId: test.api.orgId,
    reviewId,
    eventId,
    kind: 'gate',
    memberId: 'ann',
    via: 'session',
    requestId: `req_edit_${(serial += 1)}`,
    verb: 'edit',
    args,
  });
const read = async ({ reviewId }: Asked) => {
  const row = await findReview(test.api.vault, { orgId: test.api.orgId, reviewId });
  if (row === undefined) throw new Error('there is no review');
  return row;
};
const open = ({ path }: Asked, member: string): Promise<PageAnswer> => test.send('GET', path, { cookie: cookies[member] ?? '' });
/** Sends the form of a page as a browser would: with all its hidden fields. */
const press = ({ path }: Asked, member: string, page: PageAnswer, verb: string): Promise<PageAnswer> => {
  const hidden = [...page.text.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)].map(([, name = '', value = '']): [string, string] => [
    name,
    value,
  ]);
  return test.send('POST', path, { cookie: cookies[member] ?? '', form: [...hidden, ['verb', verb], ['reason', 'seen']] });
};
const argsOn = ({ text }: PageAnswer): string => /aria-label="Arguments"[^>]*>([^<]*)</.exec(text)?.[1]?.replaceAll('&quot;', '"') ?? '';

describe('after an edit', () => {
  it('the page shows the arguments that a vote is about, and keeps the event as it was sent', async () => {
    const asked = await ask({ tool: pay });
    await edit(asked, { amount: 99_999 });
    const page = await open(asked, 'bob');
    expect(JSON.parse(argsOn(page))).toEqual({ amount: 99_999 });
    expect(textOf(page)).toContain('A reviewer put these in place of what the agent sent.');
    expect(textOf(page).split('The whole event as it was sent')[1]).toContain('"amount": 10 ');
    expect((await press(asked, 'bob', page, 'approve')).status).toBe(303);
    expect((await read(asked)).status).toBe('approved');
    expect(JSON.parse(argsOn(await open(asked, 'ann')))).toEqual({ amount: 99_999 });
  });

  it.each(['approve', 'reject'])('a form from before it does not %s, and the page is shown anew', async (verb) => {
    const asked = await ask({ tool: pay });
    const before = await open(asked, 'bob');
    expect(JSON.parse(argsOn(before))).toEqual({ amount: 10 });
    expect(textOf(before)).not.toContain('A reviewer put these in place');
    await edit(asked, { amount: 99_999 });
    const stale = await press(asked, 'bob', before, verb);
    expect([stale.status, textOf(stale)]).toEqual([409, expect.stringContaining('Not recorded: the action has changed since it was shown')]);
    expect(JSON.parse(argsOn(stale))).toEqual({ amount: 99_999 });
    expect(stale.text).toContain('>seen</textarea>');
    expect((await read(asked)).status).toBe('pending');
    expect((await press(asked, 'bob', stale, 'approve')).status).toBe(303);
    expect((await read(asked)).status).toBe('approved');
  });

  it('arguments that a reviewer gave to a call without any are shown', async () => {
    const asked = await ask();
    await edit(asked, { amount: 99_999 });
    const page = await open(asked, 'bob');
    expect(JSON.parse(argsOn(page))).toEqual({ amount: 99_999 });
  });
});

describe('a review that joined another one', () => {
  it('shows and decides what the other one asks now', async () => {
    const [leader, joined] = [await ask({ tool: pay }), await ask({ tool: pay })];
    // Sessions, by which requests join, are not kept by the runtime of these tests.
    const admin = openTestPool({ url: test.api.database.adminUrl, maxConnections: 1 });
    await admin`update review set joined_to = ${leader.reviewId} where org_id = ${test.api.orgId} and id = ${joined.reviewId}`;
    await admin`update review set joined = ${[joined.reviewId]} where org_id = ${test.api.orgId} and id = ${leader.reviewId}`;
    await admin.end();
    const before = await open(joined, 'bob');
    expect(JSON.parse(argsOn(before))).toEqual({ amount: 10 });
    await edit(leader, { amount: 99_999 });
    const stale = await press(joined, 'bob', before, 'approve');
    expect([stale.status, JSON.parse(argsOn(stale))]).toEqual([409, { amount: 99_999 }]);
    expect(stale.text).toContain(`<dt>Approval covers</dt><dd><code>${(await read(leader)).actionDigest}</code>`);
    expect((await press(joined, 'bob', stale, 'approve')).status).toBe(303);
    expect([(await read(leader)).status, (await read(joined)).status]).toEqual(['approved', 'approved']);
  });
});
