import type { Evaluation } from '../../core/decision/evaluation.ts';
import { decisionFromRecord } from '../../core/ledger/event-record.ts';
import { eventDigest } from '../../db/event-digest.ts';
import { openRecordedEvent } from '../../db/event-seal.ts';
import { listEvents } from '../../db/queries/events.ts';
import type { EventRow } from '../../db/queries/events.ts';
import { findReview } from '../../db/queries/reviews.ts';
import type { SubjectVault } from '../../db/subject-vault.ts';
import type { GovernanceEvent } from '../../schemas/event.ts';
import type { EvaluationResult, EventSummary } from '../../schemas/event-views.ts';
import { DEFAULT_PAGE_SIZE } from '../../schemas/lists.ts';
import { askerOf, requesterOf } from '../access/principal.ts';
import { decodeCursor } from '../cursor.ts';
import { acceptBatch, acceptEvent } from '../event-intake.ts';
import type { GovernanceRuntime } from '../governance-runtime.ts';
import type { Handlers } from '../handler.ts';
import { pageOf } from '../page.ts';
import { HttpProblem } from '../problem.ts';
import { quotaExceeded } from '../quota-exceeded.ts';

type EventRoutes = 'ingestEvent' | 'ingestBatch' | 'evaluateEvent' | 'listEvents' | 'getEvent';

export function eventRoutes({ vault, runtime, now }: { vault: SubjectVault; runtime: GovernanceRuntime; now: () => number }): Handlers<EventRoutes> {
  const { sql } = vault;
  const digestFor = (orgId: string) => (event: GovernanceEvent) => eventDigest(vault, orgId, event);

  return {
    async ingestEvent({ body, headers }, { principal, requestId, receivedAtMs, noteDecision }) {
      const { orgId } = principal;
      const accepted = acceptEvent(body, headers['idempotency-key'], digestFor(orgId));
      const outcome = await runtime.decide({ orgId, ...accepted, ...askerOf(principal), requestId, receivedAtMs });
      if (outcome.kind === 'quota') throw quotaExceeded(now());
      if (outcome.kind === 'conflict') {
        throw new HttpProblem('id-reused', { detail: 'this id stands for an event with another body', extras: { eventId: accepted.event.id } });
      }
      noteDecision(outcome.decision.value);
      return { status: 200, body: outcome.decision };
    },

    async ingestBatch({ body }, { principal, requestId, receivedAtMs, noteDecision }) {
      const events = acceptBatch(body.events, digestFor(principal.orgId));
      const items = await runtime.observe({ orgId: principal.orgId, events, requester: requesterOf(principal), requestId, receivedAtMs });
      if (items.every(({ kind }) => kind === 'quota')) throw quotaExceeded(now());
      const answers = new Map(items.map((item) => [item.kind === 'decided' ? item.decision.eventId : item.eventId, item]));
      const data = events.map(({ event: { id: eventId } }) => {
        const item = answers.get(eventId);
        if (item === undefined) throw new Error('an event of the batch got no answer');
        if (item.kind !== 'decided') return { eventId, status: item.kind };
        noteDecision(item.decision.value);
        return { eventId, status: item.kind, decision: item.decision };
      });
      return { status: 200, body: { data } };
    },

    async evaluateEvent({ body }, { principal }) {
      const { orgId } = principal;
      return { status: 200, body: evaluationResult(await runtime.evaluate({ orgId, event: body, ...askerOf(principal) })) };
    },

    async listEvents({ query }, { principal }) {
      const { limit = DEFAULT_PAGE_SIZE, cursor, ...filters } = query;
      const beforeSeq = decodeCursor(cursor, 'number', { ...filters, list: 'events' }) ?? Number.MAX_SAFE_INTEGER;
      const rows = await listEvents(sql, { orgId: principal.orgId, beforeSeq, ...filters, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, { limit, list: 'events', filters, positionOf: ({ seq }) => seq, itemOf: eventSummary }) };
    },

    async getEvent({ params }, { principal: { orgId } }) {
      const recorded = await openRecordedEvent(vault, { orgId, eventId: params.id });
      if (recorded === undefined) throw new HttpProblem('not-found');
      const decision = decisionFromRecord(recorded.body, recorded);
      const { event, mode, erased } = recorded.record;
      const review = decision.review && (await findReview(vault, { orgId, reviewId: decision.review.id }));
      return { status: 200, body: { decision, event, erased, mode, review: review ? { id: review.id, status: review.status } : null } };
    },
  };
}

function evaluationResult({ value, findings, riskScore, reasons, policy, policyError }: Evaluation): EvaluationResult {
  const mast = findings.map(({ category, mode, detector, confidence }) => ({ category, mode, detector, confidence }));
  return { value, mast, riskScore, reasons, policy, policyError, findings };
}

function eventSummary({ seq, at, policyVersion, ruleId, ...row }: EventRow): EventSummary {
  return { ...row, seq, recordedAt: at.toISOString(), policy: policyVersion === null ? null : { version: policyVersion, ruleId } };
}
