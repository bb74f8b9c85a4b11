import type { Sql } from '../../db/client.ts';
import { loadReviewLadder, recordReviewSteps } from '../../db/queries/review-steps.ts';
import type { ReviewRecordItem, ReviewRowChange } from '../../db/queries/review-steps.ts';
import { findReview } from '../../db/queries/reviews.ts';
import { settleDecisions } from '../../db/queries/settle.ts';
import { recordId } from '../../db/record-id.ts';
import { verifyLedger } from '../../db/verify-ledger.ts';
import { createTestDatabase, openTestPool } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { addOrganization, settleItem } from '../support/ledger-records.ts';
import { until } from '../support/until.ts';
import { testVault } from '../support/vault.ts';

const EXPIRES_AT_MS = Date.UTC(2030, 0, 2);

const step = (
  at: { orgId: string; reviewId: string },
  name: string,
  { version = 1, ...row }: ReviewRowChange & { version?: number } = {},
): ReviewRecordItem => ({
  org: at.orgId,
  id: at.reviewId,
  version,
  entries: [
    {
      id: recordId(at.orgId, 'step', name),
      body: JSON.stringify({ reviewId: at.reviewId, eventId: 'e1', step: name, actor: 'member:m1' }),
      fields: { reviewId: at.reviewId, eventId: 'e1', step: name, actor: 'member:m1' },
    },
  ],
  row: { status: 'pending', due_at: new Date(EXPIRES_AT_MS - 1_000).toISOString(), ...row },
  followers: [],
  violations: [],
  audits: [],
  alerts: [],
  votes: [],
  opens: null,
});

const recordReviewStep = async (sql: Sql, item: ReviewRecordItem) => (await recordReviewSteps(sql, [item]))[0];

describe('review_record', () => {
  let database: TestDatabase;
  let sql: Sql;
  let other: Sql;

  beforeAll(async () => {
    database = await createTestDatabase();
    sql = database.appSql;
    other = openTestPool({ url: database.adminUrl, role: 'mg_app', maxConnections: 4 });
  });

  afterAll(async () => {
    await other.end({ timeout: 1 });
    await database.drop();
  });

  const openReview = async (): Promise<{ orgId: string; reviewId: string }> => {
    const orgId = await addOrganization(sql);
    const review = {
      id: 'rev_1',
      digest: 'd',
      plan: '{"levels":[],"outcome":"block"}',
      state: '{"level":0,"steps":[]}',
      summary: '{}',
      joins: false,
      created_at: '2030-01-01T00:00:00Z',
      due_at: '2030-01-01T01:00:00Z',
      expires_at: new Date(EXPIRES_AT_MS).toISOString(),
    };
    await settleDecisions(sql, [settleItem(orgId, 'e1', { review })]);
    return { orgId, reviewId: review.id };
  };
  test('recorded: ledger and queue move together', async () => {
    const at = await openReview();
    expect(await recordReviewStep(sql, step(at, 'escalate'))).toBe('recorded');
    expect(await loadReviewLadder(testVault(sql), at)).toMatchObject({ version: 2, status: 'pending', dueAtMs: EXPIRES_AT_MS - 1_000 });
    expect((await findReview(testVault(sql), at))?.decidedAt).toBeNull();
    expect(await recordReviewStep(sql, step(at, 'approve', { version: 2, status: 'approved', due_at: null, decided_at: '2030-01-01T12:00:00.000Z' }))).toBe(
      'recorded',
    );
    expect(await findReview(testVault(sql), at)).toMatchObject({ status: 'approved', dueAt: null, decidedAt: new Date('2030-01-01T12:00:00.000Z') });
    expect(await verifyLedger(sql, at.orgId)).toMatchObject({ entries: 4, findings: [] });
  });

  test('exists: the same step again is one record, also after the review has moved on', async () => {
    const at = await openReview();
    await recordReviewStep(sql, step(at, 'escalate'));
    await recordReviewStep(sql, step(at, 'approve', { version: 2, status: 'approved' }));
    expect(await recordReviewStep(other, step(at, 'escalate'))).toBe('exists');
    expect(await recordReviewStep(other, step(at, 'approve', { version: 2, status: 'approved' }))).toBe('exists');
    expect(await verifyLedger(sql, at.orgId)).toMatchObject({ entries: 4 });
  });

  test('stale: a step computed from an older row, or taken after the end, is not recorded', async () => {
    const at = await openReview();
    await recordReviewStep(sql, step(at, 'escalate'));
    expect(await recordReviewStep(sql, step(at, 'reject'))).toBe('stale');
    await recordReviewStep(sql, step(at, 'approve', { version: 2, status: 'approved' }));
    expect(await recordReviewStep(sql, step(at, 'too-late', { version: 3, status: 'rejected' }))).toBe('stale');
    expect(await findReview(testVault(sql), at)).toMatchObject({ status: 'approved' });
  });

  test('of several people who decide at once exactly one is recorded', async () => {
    const at = await openReview();
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, who) =>
        recordReviewStep(who % 2 === 0 ? sql : other, step(at, `by-${who}`, { status: who % 2 === 0 ? 'approved' : 'rejected' })),
      ),
    );
    expect(answers.map(String).toSorted()).toEqual(['recorded', ...Array<string>(7).fill('stale')]);
  });

  test('a recorded step is told to listeners of other connections; a stale one is not', async () => {
    const at = await openReview();
    const heard: string[] = [];
    const subscription = await other.listen('mg_review', (payload) => heard.push(payload));
    await recordReviewStep(sql, step(at, 'escalate'));
    await recordReviewStep(sql, step(at, 'stale'));
    await recordReviewStep(sql, step(at, 'approve', { version: 2, status: 'approved' }));
    // Notices arrive in the order of their commits, so this one comes after all of them.
    await sql`select pg_notify('mg_review', 'end')`;
    await until(() => heard.includes('end'));
    await subscription.unlisten();
    expect(heard).toEqual([`${at.orgId} ${at.reviewId}`, `${at.orgId} ${at.reviewId}`, 'end']);
  });

  test('a review of another organisation does not exist', async () => {
    const at = await openReview();
    const stranger = await addOrganization(sql);
    await expect(recordReviewStep(sql, step({ ...at, orgId: stranger }, 'approve'))).rejects.toMatchObject({ code: 'P0002' });
    expect(await loadReviewLadder(testVault(sql), { ...at, orgId: stranger })).toBeUndefined();
  });
});
