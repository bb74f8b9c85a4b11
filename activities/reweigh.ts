import { evaluateEvent } from '../core/decision/evaluate-event.ts';
import type { SessionState } from '../core/detection/session-state.ts';
import type { EventRecord } from '../core/ledger/event-record.ts';
import type { Sql } from '../db/client.ts';
import { loadSession } from '../db/queries/decision-config.ts';
import { createDecisionState, whyStopped } from './decision-state.ts';
import { sha256Hex } from './settlement.ts';
import type { Weighed } from './weigh.ts';

/**
 * Weighs events that were decided before, as they would be decided now: one reading of the configuration for all of them. What the rules of
 * time found then stands: a review must not be refused for the time it has waited.
 */
export function createReweigh({ sql, now }: { sql: Sql; now: () => number }) {
  return async function reweigh(orgId: string, records: readonly EventRecord[]): Promise<Weighed[]> {
    const state = createDecisionState(sql);
    const organization = await state.organization(orgId);
    const sessions = new Map<string, SessionState>();
    const weighed: Weighed[] = [];
    for (const { event, findings } of records) {
      const nowMs = now();
      const agent = await state.agent(orgId, event.agentId);
      const { sessionId } = event;
      const session = sessionId === undefined ? null : (sessions.get(sessionId) ?? (await loadSession(sql, { orgId, sessionId, nowMs })));
      if (sessionId !== undefined && session !== null) sessions.set(sessionId, session);
      const timed = findings.filter(({ category }) => category === 'Time');
      const evaluation = evaluateEvent({ orgId, event, profile: agent?.profile ?? null, session, policy: organization.policy, nowMs, sha256Hex, timed });
      weighed.push({ evaluation, configVersion: organization.version, stopped: whyStopped(organization, event.agentId, agent) });
    }
    return weighed;
  };
}

export type Reweigh = ReturnType<typeof createReweigh>;
