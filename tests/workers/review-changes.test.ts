import { randomUUID } from 'node:crypto';
import type { Sql } from '../../db/client.ts';
import { listenForReviewChanges, type ReviewChanges } from '../../workers/review-changes.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../support/database.ts';
import { type PausableProxy, startPausableProxy } from '../support/pausable-proxy.ts';
import { until } from '../support/until.ts';

const ORG = randomUUID();
let database: TestDatabase;
let proxy: PausableProxy;
let sql: Sql;
let changes: ReviewChanges;
beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await startPausableProxy(database.appUrl);
  sql = openTestPool({ url: proxy.url, maxConnections: 2 });
  changes = listenForReviewChanges(sql, () => undefined);
  await listening();
});
afterAll(async () => {
  await changes.close();
  await sql.end({ timeout: 1 });
  await proxy.close();
  await database.drop();
});

const notify = (reviewId: string, orgId = ORG) => database.appSql`select pg_notify('mg_review', ${`${orgId} ${reviewId}`})`;

interface Waiting {
  /** Resolves when the wait has ended. */
  ended: Promise<void>;
  hasEnded: boolean;
  hangUp: () => void;
}

/** Waits for longer than any test takes, so that only a change or the caller ends it. */
function wait(begin: (options: { timeoutMs: number; signal: AbortSignal }) => Promise<void>): Waiting {
  const caller = new AbortController();
  const ended = begin({ timeoutMs: 600_000, signal: caller.signal }).finally(() => (waiting.hasEnded = true));
  const waiting: Waiting = { ended, hasEnded: false, hangUp: () => caller.abort() };
  return waiting;
}
const watch = (reviewId: string): Waiting => wait((options) => changes.next(ORG, reviewId, options));
const watchQueue = (orgId: string): Waiting => wait((options) => changes.nextOfQueue(orgId, options));

/** Notices come in the order in which they were sent: behind this one, all of those before have been dealt with. */
async function noticesDealtWith(): Promise<void> {
  const marker = watch('marker');
  await notify('marker');
  await marker.ended;
}

async function listening(): Promise<void> {
  const probe = watch('probe');
  await until(async () => {
    await notify('probe');
    return probe.hasEnded;
  });
}

/** Nothing has woken it. */
async function expectAsleep(waiting: Waiting): Promise<void> {
  expect(waiting.hasEnded).toBe(false);
  waiting.hangUp();
  await waiting.ended;
}

test('a change wakes everybody who waits for that review, and nobody else', async () => {
  const [one, two, other] = [watch('rev_1'), watch('rev_1'), watch('rev_2')];
  await notify('rev_1');
  await Promise.all([one.ended, two.ended]);
  await noticesDealtWith();
  await expectAsleep(other);
});

test('a change of the same review in another organisation wakes nobody', async () => {
  const waiting = watch('rev_1');
  await notify('rev_1', randomUUID());
  await noticesDealtWith();
  await expectAsleep(waiting);
});

test('a wait without a change ends when its time is over', async () => {
  const startMs = performance.now();
  await changes.next(ORG, 'rev_1', { timeoutMs: 100, signal: new AbortController().signal });
  expect(performance.now() - startMs).toBeGreaterThan(90);
});

test('whoever hangs up stops waiting at once, before or during', async () => {
  const during = watch('rev_3');
  during.hangUp();
  await during.ended;
  await changes.next(ORG, 'rev_3', { timeoutMs: 600_000, signal: AbortSignal.abort() });
});

test('after a lost connection everybody looks again: a change may have been missed', async () => {
  const waiting = watch('rev_4');
  proxy.cut();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(waiting.hasEnded).toBe(false);
  proxy.restore();
  await waiting.ended;
  await listening();
});

test('a change of any review wakes whoever waits for the queue of its organisation, and no other queue', async () => {
  const [own, other] = [watchQueue(ORG), watchQueue(randomUUID())];
  await notify('rev_5');
  await own.ended;
  await noticesDealtWith();
  await expectAsleep(other);
});
