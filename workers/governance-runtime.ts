import type { Client } from '@temporalio/client';
import { createBatchActivities } from '../activities/batch-decision.ts';
import type { DecisionOutcome } from '../activities/decision.ts';
import type { GuardedFetch } from '../activities/outbound/guarded-fetch.ts';
import { OutboundFailed, OutboundRefused } from '../activities/outbound/outbound-error.ts';
import { createTakeStep } from '../activities/review-step.ts';
import { createWeigh } from '../activities/weigh.ts';
import { applyStanding } from '../core/decision/apply-standing.ts';
import { DecisionUnavailable, type GovernanceRuntime, type ObserveItem } from '../api/governance-runtime.ts';
import type { SubjectVault } from '../db/subject-vault.ts';
import { governEventId } from '../workflows/ids.ts';
import { outcomeReportedSignal } from '../workflows/messages.ts';
import { createBatchRuns } from './batch-runs.ts';
import { callWithin, onceMore } from './call-within.ts';
import { runChannelTest } from './channel-tests.ts';
import { createDecisionRuns } from './decision-runs.ts';
import { startErasure } from './erasure-runs.ts';
import { startLedgerCheck } from './ledger-checks.ts';
import { createObserveRuns } from './observe-runs.ts';
import type { ReviewChanges } from './review-changes.ts';
import { createReviewRuns } from './review-runs.ts';
import { startSweep, tellRuns } from './sweep-runs.ts';
import type { TemporalConnection } from './temporal-connection.ts';
import type { Waiters } from './waiters.ts';
import { runWebhookTest } from './webhook-runs.ts';

export interface TemporalRuntimeDeps {
  temporal: TemporalConnection;
  vault: SubjectVault;
  decisions: Waiters<DecisionOutcome>;
  observations: Waiters<ObserveItem[]>;
  reviewChanges: ReviewChanges;
  /** Of the guarded fetch. */
  checkTarget: GuardedFetch['check'];
  deadlineMs: number;
  /** A decision worker shares this process and connection. */
  eager: boolean;
  workerState: () => string | null;
}

/** The {@link GovernanceRuntime} on Temporal. */
export function createTemporalRuntime({
  temporal,
  vault,
  decisions,
  observations,
  reviewChanges,
  checkTarget,
  deadlineMs,
  eager,
  workerState,
}: TemporalRuntimeDeps): GovernanceRuntime {
  const client: Client = temporal.client;
  const { sql } = vault;
  const weigh = createWeigh({ vault, now: Date.now });
  return {
    decide: createDecisionRuns({ client, sql, waiters: decisions, deadlineMs, eager }),
    observe: createObserveRuns({ client, sql, waiters: observations, deadlineMs, eager }),
    ...createReviewRuns({ client, vault, takeStep: createTakeStep({ vault, weigh, now: Date.now }) }),
    decideMany: createBatchRuns({
      client,
      vault,
      steps: createBatchActivities({ vault, tellRuns: (orgId, runs) => tellRuns(client, orgId, runs), now: Date.now }),
    }),
    sweep: (request) => onceMore((timeoutMs) => startSweep(client, request, timeoutMs)),
    erase: (erasure) => onceMore((timeoutMs) => startErasure(client, erasure, timeoutMs)).catch(() => undefined),
    testChannel: (request) => runChannelTest(client, request),
    testWebhook: (request) => runWebhookTest(client, request),
    async obstacleToTarget(url) {
      try {
        await checkTarget(url, { timeoutMs: 3_000 });
        return null;
      } catch (error) {
        if (error instanceof OutboundRefused) return error.message;
        // A name that does not resolve now may do so later; it is tested again before each request.
        if (error instanceof OutboundFailed) return null;
        throw error;
      }
    },
    verifyLedger: (check) => startLedgerCheck(client, check),
    reviewChanged: reviewChanges.next,
    queueChanged: reviewChanges.nextOfQueue,
    async outcomeMoved(orgId, eventId) {
      const handle = client.workflow.getHandle(governEventId(orgId, eventId));
      await onceMore((timeoutMs = 1_000) => callWithin(client, timeoutMs, () => handle.signal(outcomeReportedSignal))).catch(() => undefined);
    },

    async evaluate({ orgId, event: input, ...asker }) {
      const event = { ...input, id: input.id ?? 'dry-run' };
      const { evaluation, ...standing } = await weigh(orgId, event);
      return applyStanding(evaluation, standing, { mode: 'governed', event, ...asker, nowMs: Date.now() }).evaluation;
    },

    async assertReady() {
      const worker = workerState();
      if (worker !== null && worker !== 'RUNNING') throw new DecisionUnavailable(`the decision worker is ${worker}`);
      try {
        await callWithin(client, 900, () => client.workflowService.getSystemInfo({}));
      } catch (cause) {
        throw new DecisionUnavailable('Temporal cannot be reached', { cause });
      }
    },
  };
}
