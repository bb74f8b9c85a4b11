import { randomUUID } from 'node:crypto';
import { openDatabase, type Sql } from '../../db/client.ts';
import { listenForReviewChanges, type ReviewChanges } from '../../workers/review-changes.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type PausableProxy, startPausableProxy } from '../support/pausable-proxy.ts';

const ORG = randomUUID();
let database: TestDatabase;
let proxy: PausableProxy;
let sql: Sql;
let changes: ReviewChanges;
beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await startPausableProxy(database.appUrl);
  sql = openDatabase({ url: proxy.url, maxConnections: 2 });
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
/** How a wait ended: `woken`, or `slept` for as long as it may. */
async function watch(reviewId: string, { timeoutMs = 5_000, signal = new AbortController().signal } = {}): Promise<'woken' | 'slept'> {
  const startMs = Date.now();
  await changes.next(ORG, reviewId, { timeoutMs, signal });
  return Date.now() - startMs < timeoutMs - 50 ? 'woken' : 'slept';
}
async function listening(): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const waiting = watch('probe', { timeoutMs: 150 });
    await notify('probe');
    if ((await waiting) === 'woken') return;
  }
  throw new Error('no notice arrived');
}

test('a change wakes everybody who waits for that review, and nobody else', async () => {
  const waiting = [watch('rev_1'), watch('rev_1'), watch('rev_2', { timeoutMs: 300 })];
  await notify('rev_1', randomUUID());
  await notify('rev_1');
  expect(await Promise.all(waiting)).toEqual(['woken', 'woken', 'slept']);
});

test('a change of the same review in another organisation wakes nobody', async () => {
  const waiting = watch('rev_1', { timeoutMs: 300 });
  await notify('rev_1', randomUUID());
  expect(await waiting).toBe('slept');
});

test('whoever hangs up stops waiting at once, before or during', async () => {
  const caller = new AbortController();
  const waiting = watch('rev_3', { signal: caller.signal });
  caller.abort();
  expect(await waiting).toBe('woken');
  expect(await watch('rev_3', { signal: caller.signal })).toBe('woken');
});

test('after a lost connection everybody looks again: a change may have been missed', async () => {
  const waiting = watch('rev_4', { timeoutMs: 8_000 });
  proxy.cut();
  await new Promise((resolve) => setTimeout(resolve, 100));
  proxy.restore();
  expect(await waiting).toBe('woken');
  await listening();
});

test('a change of any review wakes whoever waits for the queue of its organisation, and no other queue', async () => {
  const watchQueue = async (orgId: string): Promise<'woken' | 'slept'> => {
    const startMs = Date.now();
    await changes.nextOfQueue(orgId, { timeoutMs: 400, signal: new AbortController().signal });
    return Date.now() - startMs < 350 ? 'woken' : 'slept';
  };
  const waiting = [watchQueue(ORG), watchQueue(randomUUID())];
  await notify('rev_5');
  expect(await Promise.all(waiting)).toEqual(['woken', 'slept']);
});
