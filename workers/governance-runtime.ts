import type { Client } from '@temporalio/client';
import type { DecisionOutcome } from '../activities/decision.ts';
import { createDecisionState } from '../activities/decision-state.ts';
import { sha256Hex } from '../activities/settlement.ts';
import { DecisionUnavailable, type GovernanceRuntime, type ObserveItem } from '../api/governance-runtime.ts';
import { evaluateEvent } from '../core/decision/evaluate-event.ts';
import type { Sql } from '../db/client.ts';
import { loadSession } from '../db/queries/decision-config.ts';
import { callWithin } from './call-within.ts';
import { createDecisionRuns } from './decision-runs.ts';
import { createObserveRuns } from './observe-runs.ts';
import type { ReviewChanges } from './review-changes.ts';
import { createReviewRuns } from './review-runs.ts';
import type { TemporalConnection } from './temporal-connection.ts';
import type { Waiters } from './waiters.ts';

export interface TemporalRuntimeDeps {
  temporal: TemporalConnection;
  sql: Sql;
  decisions: Waiters<DecisionOutcome>;
  observations: Waiters<ObserveItem[]>;
  reviewChanges: ReviewChanges;
  deadlineMs: number;
  /** A decision worker shares this process and connection. */
  eager: boolean;
  workerState: () => string | null;
}

/** The {@link GovernanceRuntime} on Temporal. */
export function createTemporalRuntime({
  temporal,
  sql,
  decisions,
  observations,
  reviewChanges,
  deadlineMs,
  eager,
  workerState,
}: TemporalRuntimeDeps): GovernanceRuntime {
  const client: Client = temporal.client;
  return {
    decide: createDecisionRuns({ client, sql, waiters: decisions, deadlineMs, eager }),
    observe: createObserveRuns({ client, sql, waiters: observations, deadlineMs, eager }),
    review: createReviewRuns({ client, sql }),
    reviewChanged: reviewChanges.next,

    async evaluate(orgId, input) {
      const nowMs = Date.now();
      const event = { ...input, id: input.id ?? 'dry-run' };
      // A dry run settles nothing, so nothing would tell it that a cache is old.
      const state = createDecisionState(sql);
      const { policy } = await state.organization(orgId);
      const agent = await state.agent(orgId, event.agentId);
      const session = event.sessionId === undefined ? null : await loadSession(sql, { orgId, sessionId: event.sessionId, nowMs });
      return evaluateEvent({ orgId, event, profile: agent?.profile ?? null, session, policy, nowMs, sha256Hex });
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
