import { randomUUID } from 'node:crypto';
import { prepareSettlement } from '../../activities/settlement.ts';
import type { GovernanceRuntime, ObserveItem } from '../../api/governance-runtime.ts';
import type { Evaluation } from '../../core/decision/evaluation.ts';
import { DEFAULT_REVIEW_PLAN } from '../../core/hitl/default-plan.ts';
import { climb } from '../../core/hitl/ladder.ts';
import type { ReviewPlan } from '../../core/hitl/review.ts';
import { decisionFromRecord } from '../../core/ledger/event-record.ts';
import type { Sql } from '../../db/client.ts';
import { loadReviewLadder, recordReviewStep } from '../../db/queries/review-steps.ts';
import { settleDecisions } from '../../db/queries/settle.ts';
import type { EventInput } from '../../schemas/event.ts';

/** The API's port without Temporal: decides by the event's action and settles in the real ledger, in process. */
export interface LedgerRuntime extends GovernanceRuntime {
  /** What the next calls do instead; null goes back. */
  failWith(error: Error | null): void;
  /** Runs before every decision. */
  beforeDecide: (() => Promise<void>) | null;
  plan: ReviewPlan;
  /** Long polls under way. */
  readonly waiting: number;
}

export function createLedgerRuntime(sql: Sql): LedgerRuntime {
  let failure: Error | null = null;
  const waiters = new Map<string, Set<() => void>>();

  const settle: GovernanceRuntime['decide'] = async (request) => {
    const configVersion = await configVersionOf(sql, request.orgId);
    const agent = { id: request.event.agentId, register: true, touch: false };
    const session = { version: 0, holder: randomUUID(), reserve: false };
    const evaluation = evaluationOf(request.event, runtime.plan);
    const item = prepareSettlement({
      ...request,
      mode: 'governed',
      evaluation,
      nowMs: Date.now(),
      publicUrl: 'http://example.com',
      configVersion,
      agent,
      session,
    });
    const [result] = await settleDecisions(sql, [item]);
    switch (result?.status) {
      case 'recorded':
        return { kind: 'decided', decision: decisionFromRecord(item.body, result) };
      case 'exists':
        return { kind: 'decided', decision: decisionFromRecord(result.body, result) };
      case 'conflict':
      case 'quota':
        return { kind: result.status };
      default:
        throw new Error('the settlement went stale');
    }
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
    async evaluate(_orgId, event) {
      if (failure !== null) throw failure;
      return evaluationOf(event, runtime.plan);
    },
    async review({ orgId, reviewId, eventId, verb, reason, reviewer }) {
      if (failure !== null) throw failure;
      const row = await loadReviewLadder(sql, { orgId, reviewId });
      if (row === undefined) throw new Error('no such review');
      if (row.status !== 'pending') return { kind: 'closed', status: row.status, last: row.state.steps.at(-1) ?? null };
      const result = climb(row.plan, row.state, { step: verb, reviewer, ...(reason === undefined ? {} : { reason }) }, Date.now(), row.expiresAtMs);
      if ('refused' in result) return { kind: 'refused', code: result.refused, detail: result.detail };
      const fields = { reviewId, eventId, step: verb, actor: reviewer.memberId };
      await recordReviewStep(sql, {
        orgId,
        reviewId,
        version: row.version,
        stepId: randomUUID(),
        body: JSON.stringify(fields),
        fields,
        ...result,
        decidedAt: result.status === 'pending' ? null : new Date().toISOString(),
      });
      for (const wake of waiters.get(reviewId) ?? []) wake();
      return { kind: 'recorded', status: result.status };
    },
    reviewChanged(_orgId, reviewId, { timeoutMs, signal }) {
      return new Promise((resolve) => {
        const set = waiters.get(reviewId) ?? new Set();
        waiters.set(reviewId, set);
        const wake = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', wake);
          set.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, timeoutMs);
        signal.addEventListener('abort', wake, { once: true });
        if (signal.aborted) wake();
        else set.add(wake);
      });
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
