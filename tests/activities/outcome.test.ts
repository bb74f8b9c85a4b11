import { randomUUID } from 'node:crypto';
import { createOutcomeActivities } from '../../activities/outcome.ts';
import type { Sql } from '../../db/client.ts';
import { consumeApproval } from '../../db/queries/consume.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../support/database.ts';
import { createLedgerClock, type LedgerClock } from '../support/ledger-clock.ts';
import { parkReviews, ruleOf } from '../support/parked-reviews.ts';

let database: TestDatabase;
let sql: Sql;
let admin: Sql;
let clock: LedgerClock;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.appSql;
  admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
  clock = await createLedgerClock(admin);
});
beforeEach(() => clock.freeze(null));
afterAll(async () => {
  await admin.end();
  await database.drop();
});

test('an approval that the ledger still lets be used is not taken for one that was not: silence after its use is noticed, whatever our own clock says', async () => {
  const house = await parkReviews(sql, ruleOf('hitl', { attestWithinMs: 60_000 }));
  const { orgId } = house;
  const reviewId = await house.park();
  for (const memberId of ['ann', 'bob']) await house.vote(reviewId, memberId);
  const { eventId, storedDigest, approvalExpiresAt } = await house.read(reviewId);
  const endMs = approvalExpiresAt?.getTime() ?? Number.NaN;
  const outcomes = createOutcomeActivities({ sql, now: () => endMs + 61_000 });
  const watch = () => outcomes.watchOutcome({ orgId, eventId });

  await clock.freeze(endMs - 1);
  expect(await watch()).toMatchObject({ status: 'waiting' });
  const fields = { reviewId, eventId, step: 'consume', actor: 'key:asker' };
  const entry = { id: randomUUID(), body: JSON.stringify(fields), fields };
  expect(await consumeApproval(sql, { orgId, reviewId, digest: storedDigest, consumer: 'key:asker/1', entry })).toMatchObject({ result: 'proceed' });
  await clock.freeze(endMs + 60_000);
  expect(await watch()).toEqual({ status: 'silent', lookAgainMs: null });
});

test('an approval that was not used has nothing to report', async () => {
  const house = await parkReviews(sql, ruleOf('hitl', { attestWithinMs: 60_000 }));
  const reviewId = await house.park();
  for (const memberId of ['ann', 'bob']) await house.vote(reviewId, memberId);
  const { eventId, approvalExpiresAt } = await house.read(reviewId);
  const endMs = approvalExpiresAt?.getTime() ?? Number.NaN;
  await clock.freeze(endMs);
  const outcomes = createOutcomeActivities({ sql, now: () => endMs });
  expect(await outcomes.watchOutcome({ orgId: house.orgId, eventId })).toEqual({ status: 'unused', lookAgainMs: null });
});
