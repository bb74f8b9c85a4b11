import { createBatchActivities, type BatchOutcome, type BatchRequest } from '../../activities/batch-decision.ts';
import { createReviewActivities } from '../../activities/review.ts';
import type { WaitingRun } from '../../activities/sweep.ts';
import { createWeigh } from '../../activities/weigh.ts';
import { auditEntry } from '../../api/audit.ts';
import type { Sql } from '../../db/client.ts';
import { createMember } from '../../db/queries/members.ts';
import { findReview } from '../../db/queries/reviews.ts';
import { settleDecisions } from '../../db/queries/settle.ts';
import { asTenant } from '../../db/tenant.ts';
import { verifyLedger } from '../../db/verify-ledger.ts';
import type { BatchDecision } from '../../schemas/batch-decision.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { addOrganization, settleItem } from '../support/ledger-records.ts';
import { testVault } from '../support/vault.ts';

const HOUR_MS = 3_600_000;
const PLAN = { levels: [{ reviewers: { roles: ['Reviewer'] }, withinMs: HOUR_MS }], outcome: 'block' };

let database: TestDatabase;
let sql: Sql;
let orgId: string;
const told: WaitingRun[] = [];
const batches = () => createBatchActivities({ vault: testVault(sql), tellRuns: async (_orgId, runs) => void told.push(...runs), now: Date.now });
beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.appSql;
});
beforeEach(async () => {
  told.length = 0;
  orgId = await addOrganization(sql);
  const audit = () => auditEntry({ type: 'member.created', actor: 'system', requestId: 'req_test' });
  for (const id of ['mem_a', 'mem_b'])
    await createMember(sql, { orgId, id, email: `${id}@example.com`, name: id, role: 'Reviewer', groups: [], passwordHash: null, audit: audit() });
});
afterAll(() => database.drop());

/** `digest`: reviews of one session with the same one are asked once. */
async function open(id: string, digest = id): Promise<string> {
  const atMs = Date.now();
  const review = {
    id: `rev_${id}`,
    digest,
    plan: JSON.stringify(PLAN),
    state: JSON.stringify({ level: 0, openedAtMs: atMs, votes: [], steps: [] }),
    summary: JSON.stringify({ reasons: [], policy: null, requester: 'key:test' }),
    joins: true,
    created_at: new Date(atMs).toISOString(),
    due_at: new Date(atMs + HOUR_MS).toISOString(),
    expires_at: new Date(atMs + HOUR_MS).toISOString(),
  };
  const { fields } = settleItem(orgId, id);
  // A session of its own for each digest, so that no version has to be known.
  const [known] = await asTenant(
    sql,
    orgId,
    (tx) => tx<{ version: number }[]>`select version from session_state where org_id = ${orgId} and session_id = ${digest}`,
  );
  const session = { id: digest, version: known?.version ?? 0, state: '{}', holder: '00000000-0000-4000-8000-000000000000', reserve: false };
  const [result] = await settleDecisions(sql, [settleItem(orgId, id, { review, session, fields: { ...fields, sessionId: digest } })]);
  expect(result?.status).toBe('recorded');
  return review.id;
}
const decide = (decisions: BatchDecision[], changes: Partial<BatchRequest> = {}): Promise<BatchOutcome> =>
  batches().decideBatch({ orgId, batchKey: 'batch-1', memberId: 'mem_a', via: 'session', decisions, ...changes });
const countEntries = (): Promise<number> =>
  asTenant(sql, orgId, async (tx) => (await tx<{ n: number }[]>`select count(*)::int as n from hitl_decisions where org_id = ${orgId}`)[0]?.n ?? 0);

test('a review that joined another is decided through it: one vote, and an entry for each of them', async () => {
  const [asked, joined, alone] = [await open('e1', 'same'), await open('e2', 'same'), await open('e3')];
  const { answers, runs } = await decide([
    { reviewId: joined, verb: 'approve' },
    { reviewId: asked, verb: 'approve' },
    { reviewId: alone, verb: 'reject' },
  ]);
  expect(answers).toEqual([
    { reviewId: joined, status: 'recorded', reviewStatus: 'approved' },
    { reviewId: asked, status: 'recorded', reviewStatus: 'approved' },
    { reviewId: alone, status: 'recorded', reviewStatus: 'rejected' },
  ]);
  expect(runs.map(({ reviewId }) => reviewId)).toEqual([asked, alone]);
  expect(await findReview(testVault(sql), { orgId, reviewId: joined })).toMatchObject({ status: 'approved', joinedTo: asked });
  expect(await countEntries()).toBe(3);
  expect((await verifyLedger(sql, orgId)).findings).toEqual([]);
});

test('a batch about a review that joined another is the same batch when it is tried again', async () => {
  await open('e1', 'same');
  const decisions: BatchDecision[] = [{ reviewId: await open('e2', 'same'), verb: 'approve' }];
  const first = await decide(decisions);
  expect(first.answers).toMatchObject([{ status: 'recorded', reviewStatus: 'approved' }]);
  expect((await decide(decisions)).answers).toEqual(first.answers);
  expect((await decide(decisions, { batchKey: 'batch-2' })).answers).toMatchObject([{ status: 'closed' }]);
  expect(await countEntries()).toBe(2);
});

test('of two opposite decisions about one request the first counts, and the second is told so', async () => {
  const [asked, joined] = [await open('e1', 'same'), await open('e2', 'same')];
  const { answers } = await decide([
    { reviewId: asked, verb: 'reject' },
    { reviewId: joined, verb: 'approve' },
  ]);
  expect(answers.map(({ status, code, reviewStatus }) => [status, code, reviewStatus])).toEqual([
    ['recorded', undefined, 'rejected'],
    ['refused', 'asked-twice', 'rejected'],
  ]);
});

test('the run that is asked is told; the ones that joined hear of it from there', async () => {
  const { runs } = await decide([
    { reviewId: await open('e1', 'same'), verb: 'approve' },
    { reviewId: await open('e2', 'same'), verb: 'approve' },
  ]);
  await batches().tellBatch({ orgId, runs });
  expect(told).toEqual([{ reviewId: 'rev_e1', eventId: 'e1', kind: 'gate' }]);
});

test('batches and single votes on the same reviews at once: each review is decided once, and everybody is told the truth', async () => {
  const ids: string[] = [];
  for (let index = 0; index < 40; index += 1) ids.push(await open(`e${index}`));
  const single = createReviewActivities({ vault: testVault(sql), weigh: createWeigh({ vault: testVault(sql), now: Date.now }), now: Date.now });
  const decisions = ids.map((reviewId): BatchDecision => ({ reviewId, verb: 'approve' }));
  const [one, two, ...singles] = await Promise.all([
    decide(decisions, { batchKey: 'one' }),
    decide(decisions.toReversed(), { batchKey: 'two', memberId: 'mem_b' }),
    ...ids.slice(0, 8).map((reviewId) => single.takeReviewStep({ orgId, reviewId, stepKey: 'vote/x', move: { step: 'reject', memberId: 'mem_b' } })),
  ]);
  const recorded =
    [...one.answers, ...two.answers].filter(({ status }) => status === 'recorded').length + singles.filter(({ kind }) => kind === 'recorded').length;
  expect(recorded).toBe(40);
  expect(await countEntries()).toBe(40);
  const statuses = new Map(
    await Promise.all(ids.map(async (reviewId) => [reviewId, (await findReview(testVault(sql), { orgId, reviewId }))?.status] as const)),
  );
  for (const { reviewId, reviewStatus } of [...one.answers, ...two.answers]) expect([reviewId, reviewStatus]).toEqual([reviewId, statuses.get(reviewId)]);
  expect((await verifyLedger(sql, orgId)).findings).toEqual([]);
});

test('a batch that is tried again while it is under way is one batch', async () => {
  const decisions: BatchDecision[] = [];
  for (let index = 0; index < 20; index += 1) decisions.push({ reviewId: await open(`e${index}`), verb: index % 2 === 0 ? 'approve' : 'reject' });
  const outcomes = await Promise.all(Array.from({ length: 4 }, () => decide(decisions)));
  for (const { answers } of outcomes) expect(answers).toEqual(outcomes[0]?.answers);
  expect(outcomes[0]?.answers.every(({ status }) => status === 'recorded')).toBe(true);
  expect(await countEntries()).toBe(20);
});
