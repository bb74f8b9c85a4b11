import { evaluateEvent } from '../core/decision/evaluate-event.ts';
import type { SessionState } from '../core/detection/session-state.ts';
import type { WholeEventRecord } from '../core/ledger/event-record.ts';
import { loadSession } from '../db/queries/decision-config.ts';
import type { SubjectVault } from '../db/subject-vault.ts';
import { createDecisionState, standingOf } from './decision-state.ts';
import { againOf, type Weighed } from './weigh.ts';

/**
 * Weighs events that were decided before, as they would be decided now: one reading of the configuration for all of them. What the rules of
 * time found then stands: a review must not be refused for the time it has waited.
 */
export function createReweigh({ vault, now }: { vault: SubjectVault; now: () => number }) {
  const { sql } = vault;
  return async function reweigh(orgId: string, records: readonly WholeEventRecord[]): Promise<Weighed[]> {
    const sha256Hex = vault.callHasher(orgId);
    const state = createDecisionState(sql);
    const organization = await state.organization(orgId);
    const sessions = new Map<string, SessionState>();
    const weighed: Weighed[] = [];
    for (const { event, ...first } of records) {
      const nowMs = now();
      const agent = await state.agent(orgId, event.agentId);
      const { sessionId } = event;
      const session = sessionId === undefined ? null : (sessions.get(sessionId) ?? (await loadSession(sql, { orgId, sessionId, nowMs })));
      if (sessionId !== undefined && session !== null) sessions.set(sessionId, session);
      const evaluation = evaluateEvent({
        orgId,
        event,
        profile: agent?.profile ?? null,
        session,
        policy: organization.policy,
        nowMs,
        sha256Hex,
        ...againOf(first),
      });
      weighed.push({ evaluation, configVersion: organization.version, ...standingOf(organization, event.agentId, agent) });
    }
    return weighed;
  };
}

export type Reweigh = ReturnType<typeof createReweigh>;
