import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '../../db/client.ts';
import { listOverdueReviews, type OverdueReview } from '../../db/queries/left-lying.ts';
import type { PolicySet } from '../../schemas/policy.ts';
import { watchOverdueReviews, type OverdueReviewsDeps } from '../../workers/overdue-reviews.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { parkReviews, ruleOf } from '../support/parked-reviews.ts';
import { until } from '../support/until.ts';

const twoLevels = (withinMs: number): PolicySet =>
  ruleOf('hitl', {
    review: {
      levels: [
        { reviewers: { roles: ['Reviewer'] }, withinMs },
        { reviewers: { roles: ['Reviewer'] }, withinMs: 3_600_000 },
      ],
    },
  });

describe('watchOverdueReviews', () => {
  let database: TestDatabase;
  const watches: { stop: () => Promise<void> }[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterEach(async () => {
    for (const watch of watches.splice(0)) await watch.stop();
  });

  afterAll(() => database.drop());

  const watch = (steps: OverdueReviewsDeps['steps'], options: Partial<OverdueReviewsDeps> = {}): { woken: OverdueReview[]; errors: unknown[] } => {
    const woken: OverdueReview[] = [];
    const errors: unknown[] = [];
    watches.push(
      watchOverdueReviews({
        list: (page) => listOverdueReviews(database.appSql, page),
        steps,
        wake: async (review) => void woken.push(review),
        onError: (error) => void errors.push(error),
        now: Date.now,
        everyMs: 20,
        graceMs: 100,
        ...options,
      }),
    );
    return { woken, errors };
  };

  test('a level that ran out is left although nothing runs for the review, once, and its run is told', async () => {
    const parked = await parkReviews(database.appSql, twoLevels(400));
    const reviewId = await parked.park();
    const { woken, errors } = watch(parked.steps);
    await until(() => woken.length > 0);
    await sleep(200);
    expect((await parked.recorded(reviewId)).map(({ step }) => step)).toEqual(['timeout']);
    expect(await parked.steps.readLadder({ orgId: parked.orgId, reviewId })).toMatchObject({ status: 'pending', level: 1 });
    expect(woken.map((review) => review.reviewId)).toEqual([reviewId]);
    expect(errors).toEqual([]);
  });

  test('a level that has time left is left alone', async () => {
    const parked = await parkReviews(database.appSql, twoLevels(60_000));
    const reviewId = await parked.park();
    const { woken } = watch(parked.steps);
    await sleep(300);
    expect([woken, await parked.recorded(reviewId)]).toEqual([[], []]);
  });

  test('two watches and the run itself at once record one step', async () => {
    const parked = await parkReviews(database.appSql, twoLevels(200));
    const { orgId } = parked;
    const reviewIds = await Promise.all(Array.from({ length: 12 }, () => parked.park()));
    await sleep(300);
    watch(parked.steps);
    watch(parked.steps);
    await Promise.all(
      reviewIds.map((reviewId) => parked.steps.takeReviewStep({ orgId, reviewId, stepKey: 'timeout/0', level: 0, round: 0, move: { step: 'timeout' } })),
    );
    await until(async () => (await listOverdueReviews(database.appSql, { before: new Date(), limit: 100 })).length === 0);
    for (const reviewId of reviewIds) expect((await parked.recorded(reviewId)).map(({ step }) => step)).toEqual(['timeout']);
  });

  test('a database that is away and a run that cannot be told stop nothing', async () => {
    const parked = await parkReviews(database.appSql, twoLevels(200));
    const reviewId = await parked.park();
    const away = openDatabase({ url: 'postgres://nobody@127.0.0.1:1/none', maxConnections: 1 });
    let asked = 0;
    const { errors } = watch(parked.steps, {
      list: (page) => listOverdueReviews((asked += 1) <= 2 ? away : database.appSql, page),
      wake: () => Promise.reject(new Error('Temporal is away')),
    });
    await until(async () => (await parked.recorded(reviewId)).length > 0);
    expect(errors).toHaveLength(2);
    await away.end({ timeout: 1 });
  });

  test('stopping waits for what is under way and ends the pause at once', async () => {
    const parked = await parkReviews(database.appSql, twoLevels(60_000));
    watch(parked.steps, { everyMs: 3_600_000 });
    await sleep(100);
    await watches.splice(0)[0]?.stop();
  });
});
