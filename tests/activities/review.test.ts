import { randomUUID } from 'node:crypto';
import { createReviewActivities, type ReviewStepOutcome } from '../../activities/review.ts';
import type { ReviewStepRequest } from '../../activities/review-step.ts';
import { createWeigh } from '../../activities/weigh.ts';
import { auditEntry } from '../../api/audit.ts';
import type { Sql } from '../../db/client.ts';
import { createMember } from '../../db/queries/members.ts';
import { settleDecisions } from '../../db/queries/settle.ts';
import { asTenant } from '../../db/tenant.ts';
import { verifyLedger } from '../../db/verify-ledger.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { addOrganization, settleItem } from '../support/ledger-records.ts';
import { testVault } from '../support/vault.ts';

const START_MS = Date.UTC(2030, 0, 1);
const HOUR_MS = 3_600_000;
const PLAN = {
  levels: [
    { reviewers: { roles: ['Reviewer'] }, withinMs: HOUR_MS },
    { reviewers: { roles: ['Owner'] }, withinMs: HOUR_MS },
  ],
  outcome: 'block',
};
const members = ['mem_r', ...Array.from({ length: 30 }, (_, at) => `mem_${at}`)];

let database: TestDatabase;
let sql: Sql;
let nowMs = START_MS;
let orgId: string;
const activities = () => createReviewActivities({ vault: testVault(sql), weigh: createWeigh({ vault: testVault(sql), now: () => nowMs }), now: () => nowMs });
beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.appSql;
});
beforeEach(async () => {
  nowMs = START_MS;
  orgId = await addOrganization(sql);
  for (const id of members) {
    const audit = auditEntry({ type: 'member.created', actor: 'system', requestId: 'req_test' });
    await createMember(sql, { orgId, id, email: `${id}@example.com`, name: id, role: 'Reviewer', groups: [], passwordHash: null, audit });
  }
  const at = (ms: number): string => new Date(START_MS + ms).toISOString();
  const review = {
    id: 'rev_1',
    digest: 'd',
    plan: JSON.stringify(PLAN),
    state: '{"level":0,"steps":[]}',
    summary: JSON.stringify({ reasons: [], policy: null, requester: 'key:test' }),
    joins: false,
    created_at: at(0),
    due_at: at(HOUR_MS),
    expires_at: at(2 * HOUR_MS),
  };
  await settleDecisions(sql, [settleItem(orgId, 'e1', { review })]);
});
afterAll(() => database.drop());

const take = (stepKey: string, move: ReviewStepRequest['move'], level?: number): Promise<ReviewStepOutcome> =>
  activities().takeReviewStep({ orgId, reviewId: 'rev_1', stepKey, move, ...(level === undefined ? {} : { level }) });
const recorded = (): Promise<string[]> =>
  asTenant(sql, orgId, async (tx) =>
    (await tx<{ body: string }[]>`select body from hitl_decisions where org_id = ${orgId} order by seq`).map(
      ({ body }) => (JSON.parse(body) as { step: string }).step,
    ),
  );

test('a position tells level, reviewers, due time and version, small enough for a history', async () => {
  expect(await activities().readLadder({ orgId, reviewId: 'rev_1' })).toEqual({
    version: 1,
    status: 'pending',
    level: 0,
    levels: 2,
    reviewers: { roles: ['Reviewer'] },
    dueAtMs: START_MS + HOUR_MS,
    last: null,
  });
});

test('a review that is not there, or is another organisation’s, is no reason to try again', async () => {
  await expect(activities().readLadder({ orgId, reviewId: 'rev_2' })).rejects.toMatchObject({ type: 'not-found', nonRetryable: true });
  await expect(activities().readLadder({ orgId: randomUUID(), reviewId: 'rev_1' })).rejects.toMatchObject({ type: 'not-found' });
});

test('a vote that is tried again is one step and is told that it counts', async () => {
  const vote = { step: 'approve', memberId: 'mem_r' } as const;
  expect(await take('vote/1', vote)).toMatchObject({ kind: 'recorded', position: { status: 'approved' } });
  expect(await take('vote/1', vote)).toMatchObject({ kind: 'recorded', position: { status: 'approved', version: 2 } });
  expect(await take('vote/2', vote)).toMatchObject({ kind: 'closed', position: { last: { actor: 'mem_r' } } });
  expect(await recorded()).toEqual(['approve']);
});

test('an escalation that is tried again is told that it counts, although its sender may not decide the next level', async () => {
  const vote = { step: 'escalate', memberId: 'mem_r' } as const;
  expect(await take('vote/1', vote)).toMatchObject({ kind: 'recorded', position: { level: 1 } });
  expect(await take('vote/1', vote)).toMatchObject({ kind: 'recorded', position: { level: 1 } });
  expect(await take('vote/2', vote)).toMatchObject({ kind: 'refused', code: 'not-a-reviewer' });
  expect(await recorded()).toEqual(['escalate']);
});

test('a timeout counts on the level it was set for, once, and only there', async () => {
  nowMs += HOUR_MS;
  expect(await take('timeout/0', { step: 'timeout' }, 0)).toMatchObject({ kind: 'recorded', position: { level: 1, dueAtMs: START_MS + 2 * HOUR_MS } });
  expect(await take('timeout/0', { step: 'timeout' }, 0)).toMatchObject({ kind: 'recorded', position: { level: 1, version: 2 } });
  nowMs += HOUR_MS;
  expect(await take('timeout/1', { step: 'timeout' }, 1)).toMatchObject({ kind: 'recorded', position: { status: 'expired', dueAtMs: null } });
  expect(await recorded()).toEqual(['timeout', 'timeout']);
});

test('an escalation and a timeout of the same level at once move it once', async () => {
  const [vote, timeout] = await Promise.all([take('vote/1', { step: 'escalate', memberId: 'mem_r' }), take('timeout/0', { step: 'timeout' }, 0)]);
  expect(timeout).toMatchObject({ kind: 'recorded', position: { level: 1 } });
  // Where the timeout was first, the next level is not the voter's to decide.
  const [step] = await recorded();
  expect(vote.kind).toBe(step === 'escalate' ? 'recorded' : 'refused');
  expect(await recorded()).toHaveLength(1);
});

test('thirty votes at once: one closes the review, the others are told who', async () => {
  const outcomes = await Promise.all(
    Array.from({ length: 30 }, (_, at) => take(`vote/${at}`, { step: at % 2 === 0 ? 'approve' : 'reject', memberId: `mem_${at}` })),
  );
  expect(outcomes.filter(({ kind }) => kind === 'recorded')).toHaveLength(1);
  expect(outcomes.filter(({ kind }) => kind === 'closed')).toHaveLength(29);
  expect(new Set(outcomes.map(({ position }) => position.last?.actor)).size).toBe(1);
  expect(await recorded()).toHaveLength(1);
  expect((await verifyLedger(sql, orgId)).findings).toEqual([]);
});
