import type { ReviewerLoads } from '../../../schemas/reviewer-load.ts';
import { startApi, type TestApi } from '../../support/api.ts';
import { openTestPool } from '../../support/database.ts';

const REVIEWERS = '/api/v1/hitl/reviewers';
let test: TestApi;
let orgId: string;
let key: string;

beforeAll(async () => {
  test = await startApi();
});
beforeEach(async () => {
  test.clock.stoppedAtMs = null;
  orgId = await test.newOrganization();
  key = (await test.newKey({ orgId })).key;
  for (const [id, role] of [
    ['ann', 'Reviewer'],
    ['bob', 'Reviewer'],
    ['oda', 'Owner'],
    ['vic', 'Viewer'],
  ] as const)
    await test.newMember({ id, role, orgId });
});
afterAll(() => test.stop());

const open = async (as = key): Promise<string> =>
  (await test.call('POST', '/api/v1/governance/events', { key: as, body: { agentId: 'a', action: 'ask' } })).body.review.id;
const keyOf = async (memberId: string): Promise<string> => (await test.newKey({ orgId, memberId })).key;
const loads = async (as = key): Promise<ReviewerLoads> => (await test.call('GET', REVIEWERS, { key: as })).body;
const of = ({ data }: ReviewerLoads, memberId: string) => data.find((load) => load.memberId === memberId);

/** Votes as `review_record` leaves them behind. */
async function cast(memberId: string, votes: { verb: string; tookMs: number; daysAgo?: number }[]): Promise<void> {
  const admin = openTestPool({ url: test.database.adminUrl, maxConnections: 1 });
  for (const { verb, tookMs, daysAgo = 1 } of votes)
    await admin`insert into review_vote (org_id, record_id, review_id, member_id, verb, at, took_ms, quick)
      values (${orgId}, gen_random_uuid(), 'rev_x', ${memberId}, ${verb}, now() - ${daysAgo} * interval '1 day', ${tookMs}, ${verb === 'approve' && tookMs < 5_000})`;
  await admin.end();
}

it('lists everybody whose role decides reviews, whether or not they have', async () => {
  const { data, openReviews } = await loads();
  expect(data.map(({ memberId }) => memberId)).toEqual(['ann', 'bob', 'oda']);
  expect(data[0]).toEqual({
    memberId: 'ann',
    name: 'ann',
    role: 'Reviewer',
    open: 0,
    decided: 0,
    medianMs: null,
    p90Ms: null,
    approvals: 0,
    quickApprovals: 0,
    quickShare: null,
    flagged: false,
  });
  expect(openReviews).toEqual({ lookedAt: 0, complete: true });
});

it('counts the open reviews that each could decide now: not the own ones, and not those they voted on', async () => {
  // Whoever votes within five seconds counts as quick.
  test.clock.stoppedAtMs = Date.now();
  test.runtime.plan = { levels: [{ reviewers: { roles: ['Reviewer', 'Owner'] }, withinMs: 60_000, quorum: 2 }], outcome: 'block' };
  const ids = [await open(), await open(await keyOf('oda')), await open()];
  await test.call('POST', `/api/v1/hitl/reviews/${ids[0]}/decision`, { key: await keyOf('ann'), body: { verb: 'approve' } });
  await test.call('POST', `/api/v1/hitl/reviews/${ids[2]}/decision`, { key: await keyOf('bob'), body: { verb: 'reject' } });
  const now = await loads();
  expect(now.data.map(({ memberId, open: count }) => [memberId, count])).toEqual([
    ['ann', 1],
    ['bob', 2],
    ['oda', 1],
  ]);
  expect(of(now, 'ann')).toMatchObject({ decided: 1, approvals: 1, quickApprovals: 1, quickShare: 1, flagged: false });
  expect(of(now, 'bob')).toMatchObject({ decided: 1, approvals: 0, quickShare: null });
});

it('tells how fast each decided in the last 30 days, and flags who hardly reads', async () => {
  await cast(
    'ann',
    [1_000, 2_000, 3_000, 4_000, 100_000].map((tookMs) => ({ verb: 'reject', tookMs })),
  );
  await cast('ann', [{ verb: 'approve', tookMs: 1, daysAgo: 31 }]);
  await cast(
    'bob',
    Array.from({ length: 10 }, (_, index) => ({ verb: 'approve', tookMs: index < 6 ? 900 : 60_000 })),
  );
  const now = await loads();
  expect(of(now, 'ann')).toMatchObject({ decided: 5, medianMs: 3_000, p90Ms: 61_600, approvals: 0 });
  expect(of(now, 'bob')).toMatchObject({ decided: 10, approvals: 10, quickApprovals: 6, quickShare: 0.6, flagged: true });
});

it('tells nothing of another organisation', async () => {
  await open();
  await cast('ann', [{ verb: 'reject', tookMs: 1 }]);
  const other = await test.newOrganization();
  await test.newMember({ id: 'ann', role: 'Reviewer', orgId: other });
  expect((await loads((await test.newKey({ orgId: other })).key)).data).toEqual([expect.objectContaining({ memberId: 'ann', open: 0, decided: 0 })]);
});

it('needs the scope', async () => {
  const { key: without } = await test.newKey({ orgId, scopes: ['hitl:decide'] });
  expect((await test.call('GET', REVIEWERS, { key: without })).body.code).toBe('missing-scope');
});
