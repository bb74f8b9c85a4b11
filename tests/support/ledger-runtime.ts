import { randomUUID } from 'node:crypto';
import { createBatchActivities } from '../../activities/batch-decision.ts';
import { createGuardedFetch } from '../../activities/outbound/guarded-fetch.ts';
import { OutboundRefused } from '../../activities/outbound/outbound-error.ts';
import { createReviewActivities } from '../../activities/review.ts';
import type { ReviewStepRequest } from '../../activities/review-step.ts';
import { prepareSettlement } from '../../activities/settlement.ts';
import { createSweepActivities } from '../../activities/sweep.ts';
import type { GovernanceRuntime, ObserveItem, ReviewOutcome } from '../../api/governance-runtime.ts';
import type { Evaluation } from '../../core/decision/evaluation.ts';
import { DEFAULT_REVIEW_PLAN } from '../../core/hitl/default-plan.ts';
import type { ReviewPlan } from '../../core/hitl/review.ts';
import { decisionFromRecord } from '../../core/ledger/event-record.ts';
import { voteKeyOf } from '../../workers/review-runs.ts';
import type { Sql } from '../../db/client.ts';
import { refsOf, type SubjectVault } from '../../db/subject-vault.ts';
import { settleDecisions } from '../../db/queries/settle.ts';
import type { SweepPosition } from '../../db/queries/sweeps.ts';
import type { EventInput } from '../../schemas/event.ts';

/** The API's port without Temporal: decides by the event's action and settles in the real ledger, in process. */
export interface LedgerRuntime extends GovernanceRuntime {
  /** What the next calls do instead; null goes back. */
  failWith(error: Error | null): void;
  /** Runs before every decision. */
  beforeDecide: (() => Promise<void>) | null;
  plan: ReviewPlan;
  /** Reviews whose runs were started. */
  readonly conducted: string[];
  /** Checks of ledgers whose runs were started. */
  readonly verified: string[];
  /** Long polls under way. */
  readonly waiting: number;
}

export function createLedgerRuntime(vault: SubjectVault, now: () => number = Date.now): LedgerRuntime {
  const { sql } = vault;
  let failure: Error | null = null;
  const targets = createGuardedFetch();
  const waiters = new Map<string, Set<() => void>>();
  /** By review id, and by organisation for the queue. */
  const wake = (...keys: string[]): void => {
    for (const key of keys) for (const resolve of waiters.get(key) ?? []) resolve();
  };
  const nextOf: GovernanceRuntime['queueChanged'] = (key, { timeoutMs, signal }) =>
    new Promise((resolve) => {
      const set = waiters.get(key) ?? new Set();
      waiters.set(key, set);
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        set.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      signal.addEventListener('abort', done, { once: true });
      if (signal.aborted) done();
      else set.add(done);
    });

  const settle: GovernanceRuntime['decide'] = async (request) => {
    const configVersion = await configVersionOf(sql, request.orgId);
    const agent = { id: request.event.agentId, register: true, touch: false };
    const session = { version: 0, holder: randomUUID(), reserve: false };
    const evaluation = evaluationOf(request.event, runtime.plan);
    const item = prepareSettlement(vault, {
      ...request,
      mode: 'governed',
      evaluation,
      nowMs: now(),
      publicUrl: 'http://example.com',
      configVersion,
      agent,
      session,
    });
    const [result] = await settleDecisions(sql, [item]);
    switch (result?.status) {
      case 'recorded':
        vault.taken(request.orgId, item.keys);
        wake(request.orgId);
        return { kind: 'decided', decision: decisionFromRecord(item.body, result) };
      case 'exists':
        return { kind: 'decided', decision: decisionFromRecord(result.body, result) };
      case 'conflict':
      case 'quota':
        return { kind: result.status };
      default:
        if (result?.status !== 'stale' || !result.keysStale) throw new Error('the settlement went stale');
        await vault.renew(request.orgId, refsOf(item.keys));
        return settle(request);
    }
  };

  const activities = createReviewActivities({
    vault,
    weigh: async (_orgId, event) => ({ evaluation: evaluationOf(event, runtime.plan), configVersion: 1, stopped: null, grants: [] }),
    now,
  });
  const sweeps = createSweepActivities({
    vault,
    async reweigh(orgId, records) {
      const configVersion = await configVersionOf(sql, orgId);
      return records.map(({ event }) => ({ evaluation: evaluationOf(event, runtime.plan), configVersion, stopped: null, grants: [] }));
    },
    tellRuns: () => Promise.resolve(),
    now,
    pageSize: 10,
  });
  const batches = createBatchActivities({ vault, tellRuns: () => Promise.resolve(), now });
  const step = async (request: ReviewStepRequest): Promise<ReviewOutcome> => {
    if (failure !== null) throw failure;
    const outcome = await activities.takeReviewStep(request);
    if (outcome.kind === 'refused') return { kind: 'refused', code: outcome.code, detail: outcome.detail };
    const { status, last } = outcome.position;
    if (outcome.kind === 'closed') return { kind: 'closed', status, last };
    wake(request.orgId, request.reviewId);
    return { kind: 'recorded', status };
  };

  const runtime: LedgerRuntime = {
    plan: { ...DEFAULT_REVIEW_PLAN },
    beforeDecide: null,
    failWith(error) {
      failure = error;
    },
    get waiting() {
      return [...waiters.values()].reduce((sum, set) => sum + set.size, 0);
    },
    async decide(request) {
      if (failure !== null) throw failure;
      await runtime.beforeDecide?.();
      return settle(request);
    },
    async observe({ events, ...rest }) {
      if (failure !== null) throw failure;
      const items: ObserveItem[] = [];
      for (const { event, digest } of events) {
        const outcome = await settle({ ...rest, event, digest });
        items.push(outcome.kind === 'decided' ? outcome : { kind: outcome.kind, eventId: event.id });
      }
      return items;
    },
    async evaluate({ event }) {
      if (failure !== null) throw failure;
      return evaluationOf(event, runtime.plan);
    },
    review: ({ orgId, reviewId, requestId, verb, memberId, via, eventId: _eventId, kind: _kind, ...rest }) =>
      step({ orgId, reviewId, stepKey: voteKeyOf({ requestId, memberId, verb, via }), move: { ...rest, step: verb, memberId, via } }),
    withdraw: ({ orgId, reviewId, requestId, actor, reason }) =>
      step({ orgId, reviewId, stepKey: `withdraw/${requestId}`, move: { step: 'withdraw', actor, ...(reason === undefined ? {} : { reason }) } }),
    outcomeMoved: () => Promise.resolve(),
    async sweep({ orgId, sweepId }) {
      if (failure !== null) throw failure;
      let after: SweepPosition | undefined;
      do after = (await sweeps.sweepPage({ orgId, sweepId, after })).next ?? undefined;
      while (after !== undefined);
    },
    erase: () => Promise.resolve(),
    async testChannel() {
      if (failure !== null) throw failure;
      return { delivered: true, error: null };
    },
    async testWebhook() {
      if (failure !== null) throw failure;
      return { delivered: true, httpStatus: 200, error: null };
    },
    async obstacleToTarget(url) {
      const outcome = await targets.check(url, { timeoutMs: 30_000 }).catch((error: unknown) => error);
      return outcome instanceof OutboundRefused ? outcome.message : null;
    },
    async decideMany({ requestId, ...rest }) {
      if (failure !== null) throw failure;
      const { answers, runs } = await batches.decideBatch({ ...rest, batchKey: requestId });
      wake(rest.orgId, ...runs.map(({ reviewId }) => reviewId));
      return answers;
    },
    reviewChanged: (_orgId, reviewId, options) => nextOf(reviewId, options),
    queueChanged: nextOf,
    conducted: [],
    verified: [],
    async verifyLedger({ checkId }) {
      if (failure !== null) throw failure;
      runtime.verified.push(checkId);
    },
    async conductReview({ reviewId }) {
      if (failure !== null) throw failure;
      runtime.conducted.push(reviewId);
    },
    async assertReady() {
      if (failure !== null) throw failure;
    },
  };
  return runtime;
}

function evaluationOf({ action }: EventInput, plan: ReviewPlan): Evaluation {
  const value = action === 'ask' ? 'HITL' : action === 'destroy' ? 'BLOCK' : 'ALLOW';
  const findings: Evaluation['findings'] =
    value === 'ALLOW'
      ? []
      : [
          {
            detector: 'act.destroy',
            category: 'Action',
            mode: null,
            confidence: 0.9,
            outcome: 'block',
            reason: 'destroys data',
            evidence: { pointer: '/action', hits: ['destroy'], count: 1, certain: true },
          },
        ];
  return {
    value,
    findings,
    riskScore: value === 'ALLOW' ? 0 : 80,
    reasons: findings.map(({ reason }) => reason),
    policy: null,
    policyError: null,
    review: value === 'HITL' ? plan : null,
    attestWithinMs: null,
    session: null,
  };
}

async function configVersionOf(sql: Sql, orgId: string): Promise<number> {
  return sql.begin(async (tx) => {
    await tx`select set_config('mg.org_id', ${orgId}, true)`;
    const [row] = await tx<{ version: number }[]>`select config_version as version from organization where org_id = ${orgId}`;
    return row?.version ?? 0;
  });
}
