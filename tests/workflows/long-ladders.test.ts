import { randomUUID } from 'node:crypto';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { createReviewActivities } from '../../activities/review.ts';
import type { ReviewStepRequest } from '../../activities/review-step.ts';
import { createWeigh } from '../../activities/weigh.ts';
import { auditEntry } from '../../api/audit.ts';
import type { ReviewPlan } from '../../core/hitl/review.ts';
import { createMember } from '../../db/queries/members.ts';
import { settleDecisions } from '../../db/queries/settle.ts';
import { acquireTestServer } from '../../scripts/lib/temporal-binary.mjs';
import { createProgress } from '../../scripts/lib/progress.mjs';
import { ladderEndMs, levelEndMs } from '../../core/hitl/due.ts';
import { buildWorkflowBundle } from '../../workers/workflow-bundle.ts';
import type { conductReview } from '../../workflows/conduct-review.ts';
import { reviewUpdate } from '../../workflows/messages.ts';
import { TASK_QUEUE } from '../../workflows/options.ts';
import { SEARCH_ATTRIBUTE } from '../../workflows/search-attributes.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { addOrganization, settleItem } from '../support/ledger-records.ts';
import { asTenant } from '../../db/tenant.ts';
import { testVault } from '../support/vault.ts';

Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { forward: {}, filter: 'OFF' } }, shutdownSignals: [] });

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** A Friday, 14:00 in Vienna; the Monday after it is a holiday there. */
const FRIDAY_MS = Date.UTC(2027, 3, 30, 12);
const OFFICE = {
  zone: 'Europe/Vienna',
  days: Object.fromEntries(['mon', 'tue', 'wed', 'thu', 'fri'].map((day) => [day, [{ from: '09:00', to: '17:00' }]])),
  holidays: ['2027-05-03'],
};

let database: TestDatabase;
let environment: TestWorkflowEnvironment;
let workers: Worker[];
let running: Promise<unknown>;
let startedAtMs: number;
// The clock of the steps follows the server's, from a Friday on.
let skippedMs = 0;
const now = (): number => FRIDAY_MS + skippedMs;

beforeAll(async () => {
  const path = await acquireTestServer({ progress: createProgress({ stream: process.stderr, live: false }) });
  environment = await TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path } } });
  database = await createTestDatabase();
  // This server lists none, so they are added without looking.
  const types = { KEYWORD: 2, INT: 3, DATETIME: 6, KEYWORD_LIST: 7 } as const;
  const searchAttributes = Object.fromEntries(Object.values(SEARCH_ATTRIBUTE).map(({ name, type }) => [name, types[type]]));
  await environment.connection.operatorService.addSearchAttributes({ namespace: 'default', searchAttributes });
  startedAtMs = await environment.currentTimeMs();
  const sql = database.appSql;
  const steps = createReviewActivities({ vault: testVault(sql), weigh: createWeigh({ vault: testVault(sql), now }), now });
  /** Due times are moved to the server's clock and steps to the Friday's, so that both tell the same story. */
  const onServerTime =
    <Request, Answer>(step: (request: Request) => Promise<Answer>, shift: (answer: Answer, byMs: number) => Answer) =>
    async (request: Request): Promise<Answer> => {
      skippedMs = (await environment.currentTimeMs()) - startedAtMs;
      return shift(await step(request), startedAtMs - FRIDAY_MS);
    };
  const activities = {
    readLadder: onServerTime(
      (request: Parameters<typeof steps.readLadder>[0]) => steps.readLadder(request),
      (position, byMs) => ({ ...position, dueAtMs: position.dueAtMs === null ? null : position.dueAtMs + byMs }),
    ),
    takeReviewStep: onServerTime(
      (request: ReviewStepRequest) => steps.takeReviewStep(request),
      (outcome, byMs) => ({
        ...outcome,
        position: { ...outcome.position, dueAtMs: outcome.position.dueAtMs === null ? null : outcome.position.dueAtMs + byMs },
      }),
    ),
  };
  const workflowBundle = { code: await buildWorkflowBundle() };
  workers = [
    await Worker.create({ connection: environment.nativeConnection, taskQueue: TASK_QUEUE.governance, workflowBundle }),
    await Worker.create({ connection: environment.nativeConnection, taskQueue: TASK_QUEUE.hitl, activities }),
  ];
  running = Promise.all(workers.map((worker) => worker.run()));
});
afterAll(async () => {
  for (const worker of workers) worker.shutdown();
  await running;
  await environment.teardown();
  await database.drop();
});

async function open(plan: ReviewPlan) {
  skippedMs = (await environment.currentTimeMs()) - startedAtMs;
  const sql = database.appSql;
  const orgId = await addOrganization(sql);
  const audit = auditEntry({ type: 'member.created', actor: 'system', requestId: 'req_test' });
  await createMember(sql, { orgId, id: 'mem_r', email: 'r@example.com', name: 'r', role: 'Reviewer', groups: [], passwordHash: null, audit });
  const openedAtMs = now();
  const [first] = plan.levels;
  if (first === undefined) throw new Error('a plan has a level');
  const review = {
    id: 'rev_1',
    digest: 'd',
    plan: JSON.stringify(plan),
    state: JSON.stringify({ level: 0, openedAtMs, votes: [], steps: [] }),
    summary: JSON.stringify({ reasons: [], policy: null, requester: 'key:test' }),
    joins: false,
    created_at: new Date(openedAtMs).toISOString(),
    due_at: new Date(levelEndMs(first, openedAtMs)).toISOString(),
    expires_at: new Date(ladderEndMs(plan, 0, openedAtMs)).toISOString(),
  };
  await settleDecisions(sql, [settleItem(orgId, 'e1', { review })]);
  const handle = await environment.client.workflow.start<typeof conductReview>('conductReview', {
    taskQueue: TASK_QUEUE.governance,
    workflowId: randomUUID(),
    args: [{ orgId, reviewId: 'rev_1', about: { what: 'test', why: 'test', policy: 'none', url: '' } }],
  });
  const steps = () =>
    asTenant(sql, orgId, async (tx) => {
      const rows = await tx<{ state: string }[]>`select state from review where org_id = ${orgId} and id = 'rev_1'`;
      return (JSON.parse(rows[0]?.state ?? '{}') as { steps: { step: string; at: string }[] }).steps.map(({ step, at }) => ({
        step,
        afterMs: Date.parse(at) - openedAtMs,
        at,
      }));
    });
  return { handle, steps };
}

const level = (withinMs: number, more: object = {}): ReviewPlan['levels'][number] => ({ reviewers: { roles: ['Reviewer'] }, withinMs, ...more });

test('a ladder of sixty days runs out level by level, each on its day', async () => {
  const { handle, steps } = await open({ levels: [level(30 * DAY_MS), level(20 * DAY_MS), level(10 * DAY_MS)], outcome: 'block' });
  expect(await handle.result()).toMatchObject({ status: 'expired' });
  const taken = await steps();
  expect(taken.map(({ step }) => step)).toEqual(['timeout', 'timeout', 'timeout']);
  for (const [index, days] of [30, 50, 60].entries()) expect(Math.abs((taken[index]?.afterMs ?? 0) - days * DAY_MS)).toBeLessThan(HOUR_MS);
});

test('a vote on the ninth day of ten decides', async () => {
  const { handle, steps } = await open({ levels: [level(10 * DAY_MS)], outcome: 'block' });
  await environment.sleep(9 * DAY_MS);
  await handle.executeUpdate(reviewUpdate, { args: [{ requestId: randomUUID(), reviewer: { memberId: 'mem_r' }, verb: 'approve' }] });
  expect(await handle.result()).toMatchObject({ status: 'approved' });
  expect((await steps())[0]?.afterMs).toBeGreaterThanOrEqual(9 * DAY_MS);
});

test('sixteen office hours from Friday afternoon, over a weekend and a holiday, end on Wednesday afternoon', async () => {
  const { handle, steps } = await open({ levels: [level(16 * HOUR_MS, { businessHours: OFFICE })], outcome: 'block' });
  expect(await handle.result()).toMatchObject({ status: 'expired' });
  const [timeout] = await steps();
  const openedAtMs = Date.parse(timeout?.at ?? '') - (timeout?.afterMs ?? 0);
  expect(Math.abs((timeout?.afterMs ?? 0) - (levelEndMs(level(16 * HOUR_MS, { businessHours: OFFICE }), openedAtMs) - openedAtMs))).toBeLessThan(HOUR_MS);
  expect(timeout?.afterMs).toBeGreaterThan(2 * DAY_MS - 16 * HOUR_MS);
});
