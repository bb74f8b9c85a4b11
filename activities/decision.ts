import { randomUUID } from 'node:crypto';
import { ApplicationFailure, log } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import { applyStanding } from '../core/decision/apply-standing.ts';
import { evaluateEvent } from '../core/decision/evaluate-event.ts';
import type { GovernEventInput, ObservedItem, ObserveEventsInput } from '../core/decision/govern-event-input.ts';
import { takeBackAsk } from '../core/detection/asks.ts';
import { openSession, type SessionState } from '../core/detection/session-state.ts';
import { createKeyedQueue } from '../core/keyed-queue.ts';
import { decisionFromRecord, permissionFromRecord } from '../core/ledger/event-record.ts';
import type { Coalescer } from '../db/coalescer.ts';
import { findRecordedEvent } from '../db/queries/ledger.ts';
import type { SettleItem, SettleResult } from '../db/queries/settle.ts';
import type { BatchSettled, BatchSettlement } from '../db/queries/settle-batch.ts';
import { isSameEvent } from '../db/event-digest.ts';
import { refsOf, type SubjectVault } from '../db/subject-vault.ts';
import type { Decision } from '../schemas/decision.ts';
import type { GovernanceEvent } from '../schemas/event.ts';
import { createAgentTouches } from './agent-touches.ts';
import { type DecisionState, standingOf } from './decision-state.ts';
import { createObserver } from './observe.ts';
import { type SettlementInput, prepareSettlement } from './settlement.ts';

export interface DecisionActivitiesDeps {
  vault: SubjectVault;
  state: DecisionState;
  settle: Coalescer<SettleItem, SettleResult>;
  settleBatch: Coalescer<BatchSettlement, BatchSettled>;
  /** Hands the outcome to the request that waits in this process, if one does. */
  answer: (event: { orgId: string; eventId: string }, outcome: DecisionOutcome) => void;
  answerObserved: (input: ObserveEventsInput, items: ObservedItem[]) => void;
  /** Tells the waiting request that the database is away; the run itself goes on trying. */
  delay: (event: { orgId: string; eventId: string }, error: unknown) => void;
  /** Tells others of a recorded decision. Returns at once. */
  publish?: (decided: DecidedEvent) => void;
  publicUrl: string;
  now: () => number;
}

/** A recorded decision as those are told of it who took no part. Nothing of the event's content is among it. */
export interface DecidedEvent {
  orgId: string;
  mode: SettlementInput['mode'];
  event: Pick<GovernanceEvent, 'id' | 'agentId' | 'action' | 'tool'>;
  decision: Decision;
  decidedAtMs: number;
}

export type DecisionOutcome = { kind: 'decided'; decision: Decision } | { kind: 'conflict' } | { kind: 'quota' };
export type DecisionActivities = ReturnType<typeof createDecisionActivities>;

/** Attempts computed from what was read without a lock; from this one on the session row is held for the next. */
const RESERVE_FROM_ATTEMPT = 2;
const MAX_ATTEMPTS = 40;

/**
 * The deciding activities. `decideEvent` classifies, applies the policy and makes one database call that settles quota, session,
 * review and ledger. Where the ledger holds a decision already, that one is answered, whatever was computed here.
 */
export function createDecisionActivities({
  vault,
  state,
  settle,
  settleBatch,
  answer,
  answerObserved,
  delay,
  publish,
  publicUrl,
  now,
}: DecisionActivitiesDeps) {
  const inSessionOrder = createKeyedQueue();
  const touches = createAgentTouches();
  // Names this process to the session reservation.
  const holder = randomUUID();
  const observe = createObserver({ vault, state, settleBatch, touches, holder, publicUrl, now });

  type Request = GovernEventInput & Pick<SettlementInput, 'mode'>;

  const decideOnce = async (request: Request, attempt: number): Promise<DecisionOutcome | 'stale'> => {
    const { orgId, event } = request;
    const nowMs = now();
    const organization = await state.organization(orgId);
    const agent = await state.agent(orgId, event.agentId);
    const session = event.sessionId === undefined ? null : state.session(orgId, event.sessionId, nowMs);
    const evaluated = evaluateEvent({
      orgId,
      event,
      profile: agent?.profile ?? null,
      session: session?.state ?? null,
      policy: organization.policy,
      nowMs,
      sha256Hex: vault.callHasher(orgId),
    });
    const { evaluation: decided, grant } = applyStanding(evaluated, standingOf(organization, event.agentId, agent), { ...request, nowMs });
    const evaluation = decided.value === 'HITL' ? decided : { ...decided, session: takeBackAsk(decided.session, nowMs) };
    const touch = agent !== undefined && touches.isDue(orgId, event.agentId, nowMs);
    const item = prepareSettlement(vault, {
      ...request,
      evaluation,
      sessionBefore: session?.state ?? null,
      grant: grant?.id ?? null,
      nowMs,
      publicUrl,
      configVersion: organization.version,
      agent: { id: event.agentId, register: agent === undefined, touch },
      session: { version: session?.version ?? 0, holder, reserve: attempt >= RESERVE_FROM_ATTEMPT },
    });
    const result = await settle(item);
    const onRecord = request.mode === 'governed' ? permissionFromRecord : decisionFromRecord;
    switch (result.status) {
      case 'recorded': {
        vault.taken(orgId, item.keys);
        if (touch) touches.note(orgId, [event.agentId], nowMs);
        if (session !== null && evaluation.session !== null && event.sessionId !== undefined) {
          state.keepSession(orgId, event.sessionId, { version: session.version + 1, state: evaluation.session });
        }
        // Read back from the text that was recorded, so that the first answer and every later one are the same to the byte.
        return { kind: 'decided', decision: decisionFromRecord(item.body, result) };
      }
      case 'exists':
        return { kind: 'decided', decision: onRecord(result.body, result) };
      case 'stale':
        if (result.configVersion !== null) state.forgetOrganization(orgId);
        if (result.grantSpent && grant !== null) await state.forgetGrant(orgId, grant);
        if (result.keysStale) await vault.renew(orgId, refsOf(item.keys));
        if (event.sessionId !== undefined && result.sessionVersion !== null) {
          state.keepSession(orgId, event.sessionId, {
            version: result.sessionVersion,
            state: result.sessionState === null ? openSession(nowMs) : (JSON.parse(result.sessionState) as SessionState),
          });
        }
        return 'stale';
      case 'conflict': {
        const recorded = await findRecordedEvent(vault.sql, { orgId, eventId: event.id });
        const isSame = recorded !== undefined && isSameEvent(recorded.digest, request);
        return isSame ? { kind: 'decided', decision: onRecord(recorded.body, recorded) } : { kind: 'conflict' };
      }
      case 'quota':
        return { kind: 'quota' };
    }
  };

  const decideInOrder = async (request: Request): Promise<DecisionOutcome> => {
    const untilSettled = async (): Promise<DecisionOutcome> => {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
        const outcome = await decideOnce(request, attempt);
        if (outcome !== 'stale') return outcome;
        // Another process holds the row for about one commit.
        if (attempt > RESERVE_FROM_ATTEMPT) await new Promise((resolve) => setTimeout(resolve, 2 * (attempt - RESERVE_FROM_ATTEMPT)));
      }
      throw ApplicationFailure.retryable('the session is decided elsewhere without pause', 'session-contended');
    };
    const { sessionId } = request.event;
    return sessionId === undefined ? untilSettled() : inSessionOrder(`${request.orgId}/${sessionId}`, untilSettled);
  };

  /** The batch as a whole, in line with whatever else is decided for its sessions; what that leaves over one by one. */
  const observeAll = async (input: ObserveEventsInput): Promise<ObservedItem[]> => {
    const { orgId, events } = input;
    const sessions = new Set(events.flatMap(({ event: { sessionId } }) => (sessionId === undefined ? [] : [`${orgId}/${sessionId}`])));
    const observed = await inSessionOrder([...sessions], () => observe(input));
    return Promise.all(
      events.map(async ({ event, digest }): Promise<ObservedItem> => {
        const known = observed.get(event.id);
        if (known !== undefined) return known;
        const outcome = await decideInOrder({ ...input, event, digest, mode: 'observed' });
        return outcome.kind === 'decided' ? outcome : { kind: outcome.kind, eventId: event.id };
      }),
    );
  };

  return {
    /** Decides one event and records the decision. Fails for good with type `id-reused` or `quota-exceeded`. */
    async decideEvent(input: GovernEventInput): Promise<Decision> {
      const at = { orgId: input.orgId, eventId: input.event.id };
      let outcome: DecisionOutcome;
      try {
        outcome = await decideInOrder({ ...input, mode: 'governed' });
      } catch (error) {
        log.warn('decision not recorded yet', { eventId: at.eventId, reason: codeOf(error) });
        delay(at, error);
        throw asFailure(error);
      }
      answer(at, outcome);
      if (outcome.kind !== 'decided') throw refusal(outcome.kind);
      publish?.({ orgId: input.orgId, mode: 'governed', event: input.event, decision: outcome.decision, decidedAtMs: now() });
      return outcome.decision;
    },

    /** Records events that have happened already: ALLOW or ALERT each. Answers how many were recorded, doubled or refused. */
    async observeEvents(input: ObserveEventsInput): Promise<{ recorded: number; conflicts: number; refused: number }> {
      const items = await observeAll(input).catch((error: unknown) => {
        throw asFailure(error);
      });
      answerObserved(input, items);
      for (const [index, item] of items.entries()) {
        const event = input.events[index]?.event;
        if (item.kind === 'decided' && event !== undefined)
          publish?.({ orgId: input.orgId, mode: 'observed', event, decision: item.decision, decidedAtMs: now() });
      }
      const count = (kind: ObservedItem['kind']): number => items.filter((item) => item.kind === kind).length;
      return { recorded: count('decided'), conflicts: count('conflict'), refused: count('quota') };
    },
  };
}

function refusal(kind: 'conflict' | 'quota'): ApplicationFailure {
  const [type, message] =
    kind === 'conflict' ? ['id-reused', 'the event id stands for another event'] : ['quota-exceeded', 'the events of this month are used up'];
  return ApplicationFailure.create({ type, message, nonRetryable: true, category: ApplicationFailureCategory.BENIGN });
}

const codeOf = (error: unknown): string => (error as { code?: string } | null)?.code ?? (error instanceof Error ? error.name : 'unknown');

/** Messages of database errors can quote rows, so only the code travels into history. */
function asFailure(error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  return ApplicationFailure.create({
    type: codeOf(error),
    message: 'the decision could not be recorded',
    nonRetryable: codeOf(error) === 'unknown-organization',
  });
}
