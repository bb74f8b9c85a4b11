import type { Standing } from '../core/decision/apply-standing.ts';
import { evaluateEvent, type FirstEvaluation } from '../core/decision/evaluate-event.ts';
import type { Evaluation } from '../core/decision/evaluation.ts';
import type { EventRecord } from '../core/ledger/event-record.ts';
import { loadSession } from '../db/queries/decision-config.ts';
import type { SubjectVault } from '../db/subject-vault.ts';
import type { GovernanceEvent } from '../schemas/event.ts';
import { createDecisionState, standingOf } from './decision-state.ts';

/** `stopped`, `grants`: what stands for its agent. */
export interface Weighed extends Standing {
  evaluation: Evaluation;
  /** The configuration it was weighed against. */
  configVersion: number;
}

type FirstRecord = Pick<EventRecord, 'findings' | 'sessionBefore'>;

/** For an evaluation of an event that stands on record already. */
export const againOf = (first: FirstRecord | undefined): { again?: FirstEvaluation } =>
  first === undefined ? {} : { again: { timed: first.findings.filter(({ category }) => category === 'Time'), before: first.sessionBefore } };

/** Classifies an event against the session and the policy as they stand now. Stores nothing, and settles nothing that would tell it of an old cache: it has none. */
export function createWeigh({ vault, now }: { vault: SubjectVault; now: () => number }) {
  const { sql } = vault;
  /** `first`: the record of the event, where it was decided before. */
  return async function weigh(orgId: string, event: GovernanceEvent, first?: FirstRecord): Promise<Weighed> {
    const nowMs = now();
    const state = createDecisionState(sql);
    const organization = await state.organization(orgId);
    const { version, policy } = organization;
    const agent = await state.agent(orgId, event.agentId);
    const session = event.sessionId === undefined ? null : await loadSession(sql, { orgId, sessionId: event.sessionId, nowMs });
    const evaluation = evaluateEvent({
      orgId,
      event,
      profile: agent?.profile ?? null,
      session,
      policy,
      nowMs,
      sha256Hex: vault.callHasher(orgId),
      ...againOf(first),
    });
    return { evaluation, configVersion: version, ...standingOf(organization, event.agentId, agent) };
  };
}
