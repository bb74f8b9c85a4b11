import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Decision } from '../../schemas/decision.ts';
import type { PolicySet } from '../../schemas/policy.ts';
import type { Review } from '../../schemas/review.ts';
import { type House, PARTS } from '../support/house.ts';
import { addTestOrganization } from '../support/product.ts';
import { whileBusy } from '../support/while-busy.ts';
import { audit, stuckRuns } from './audit.ts';
import { type Drill, violationsOf } from './drill.ts';
import { startLoad } from './load.ts';

const SHORT_LEVEL_MS = 6_000;
const TIMER_WITHIN_MS = 5_000;

const POLICY: PolicySet = {
  rules: ['transfer', 'refund'].map((action) => ({
    id: action,
    priority: 100,
    when: { actions: [action] },
    effect: 'hitl',
    review: {
      levels: [
        { reviewers: { roles: ['Reviewer'] }, withinMs: action === 'refund' ? SHORT_LEVEL_MS : 3_600_000 },
        { reviewers: { roles: ['Owner'] }, withinMs: 3_600_000 },
      ],
    },
    reason: `${action}s are decided by people`,
  })),
};

/** Five reviews wait when everything is killed at once; when all of it is back they still wait, and go on as if nothing had been. */
export const pendingReviews: Drill = {
  name: 'pending reviews',
  async run(house, random, { toleranceMs = 0 } = {}) {
    const organization = await addTestOrganization(house.sql, house.masterKey, { policy: POLICY });
    const reviewer = await organization.keyOf('Reviewer');
    const run = random.integer(1, 1_000_000_000);
    const actions = ['transfer', 'transfer', 'refund', 'transfer', 'transfer'];
    const events = actions.map((action, index) => ({ id: `review-${run}-${index}`, agentId: 'treasury', action }));
    const load = startLoad({ apiUrl: house.apiUrl, apiKey: organization.apiKey, events });
    await load.done;
    // A decision is answered a moment before its run has begun to wait.
    await stuckRuns(house, organization.orgId, load);
    const reviewIds = events.map(({ id }) => (JSON.parse(load.answers.get(id)?.[0] ?? '{}') as Decision).review?.id ?? '');
    const read = (index: number): Promise<Review> => call<Review>(house, organization.apiKey, 'GET', `/api/v1/hitl/reviews/${reviewIds[index]}`);
    const dueAtMs = Date.parse((await read(2)).dueAt ?? '');

    await house.kill(...PARTS.toReversed());
    await sleep(random.integer(0, 1_500));
    await house.start(...PARTS);
    const recoveredMs = Date.now();

    const violations: string[] = [];
    for (const index of [0, 1, 3, 4]) {
      const { status, level } = await read(index);
      if (status !== 'pending' || level !== 0) violations.push(`review ${index} is ${status} at level ${level} after the restart`);
    }
    const approvedFromMs = Date.now();
    const approved = await call<Review>(house, reviewer, 'POST', `/api/v1/hitl/reviews/${reviewIds[0]}/decision`, {
      verb: 'approve',
      reason: 'known customer',
    });
    if (approved.status !== 'approved') violations.push(`the approval was answered ${JSON.stringify(approved)} after ${Date.now() - approvedFromMs} ms`);

    const deadlineMs = Math.max(recoveredMs, dueAtMs) + TIMER_WITHIN_MS + toleranceMs;
    let short = await read(2);
    while (short.level === 0 && Date.now() < deadlineMs) {
      await sleep(100);
      short = await read(2);
    }
    if (short.level !== 1 || short.steps[0]?.step !== 'timeout') {
      violations.push(`the short level is still open ${Date.now() - recoveredMs} ms after recovery, ${Date.now() - dueAtMs} ms after it was due`);
    }
    const escalated = await call<Review>(house, await organization.keyOf('Owner'), 'POST', `/api/v1/hitl/reviews/${reviewIds[2]}/decision`, { verb: 'reject' });
    if (escalated.status !== 'rejected') violations.push(`the rejection at the next level was answered ${JSON.stringify(escalated)}`);

    const result = await audit(house, organization, load);
    return { name: 'pending reviews', audit: result, violations: [...violations, ...violationsOf(result, { breaksConnections: false, toleranceMs })] };
  },
};

async function call<T>(house: House, key: string, method: string, path: string, body?: object): Promise<T> {
  // By its id a decision that is sent again is known.
  const headers = { 'x-api-key': key, 'x-request-id': `req_${randomUUID()}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
  const response = await whileBusy(() => fetch(`${house.apiUrl}${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }));
  return (await response.json()) as T;
}
