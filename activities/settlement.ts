import { createHash } from 'node:crypto';
import { actionDigest } from '../core/decision/action-digest.ts';
import type { Evaluation } from '../core/decision/evaluation.ts';
import type { GovernEventInput } from '../core/decision/govern-event-input.ts';
import { ladderEndMs, levelEndMs } from '../core/hitl/due.ts';
import { canonicalize } from '../core/json/canonical.ts';
import type { EventRecord } from '../core/ledger/event-record.ts';
import type { ReviewRowInput, SettleItem } from '../db/queries/settle.ts';
import { recordId } from '../db/record-id.ts';
import type { Decision } from '../schemas/decision.ts';
import type { Json } from '../schemas/json.ts';

export const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

export interface SettlementInput extends GovernEventInput {
  mode: EventRecord['mode'];
  evaluation: Evaluation;
  /** Id of the grant that lets the action pass. */
  grant?: string | null;
  nowMs: number;
  /** Base of links to the dashboard, without a slash at the end. */
  publicUrl: string;
  configVersion: number;
  agent: SettleItem['agent'];
  session: { version: number; holder: string; reserve: boolean };
}

/** Turns an evaluation into what the database settles; the decision stands in the body, all but its receipt. */
export function prepareSettlement(input: SettlementInput): SettleItem {
  const { orgId, event, digest, evaluation, nowMs } = input;
  const id = recordId(orgId, 'event', event.id);
  const review = openReview(input, id);
  const attestation = attestationOf(input);
  const decision: Omit<Decision, 'receipt'> = {
    id: `dec_${id.replaceAll('-', '')}`,
    eventId: event.id,
    value: evaluation.value,
    mast: evaluation.findings.map(({ category, mode, detector, confidence }) => ({ category, mode, detector, confidence })),
    riskScore: evaluation.riskScore,
    reasons: evaluation.reasons,
    policy: evaluation.policy,
    ...(review === null ? {} : { review: { id: review.id, expiresAt: review.expires_at, url: `${input.publicUrl}/dashboard/reviews/${review.id}` } }),
    ...(attestation === null ? {} : { attestation }),
    latencyMs: Math.max(0, nowMs - input.receivedAtMs),
  };
  const record: EventRecord = {
    v: 1,
    mode: input.mode,
    event,
    decision,
    evaluatedAt: new Date(nowMs).toISOString(),
    findings: evaluation.findings,
    ...(typeof input.grant === 'string' ? { grant: input.grant } : {}),
    ...(evaluation.policyError === null ? {} : { policyError: evaluation.policyError }),
    requester: input.requester,
    requestId: input.requestId,
  };
  return {
    org: orgId,
    eventId: event.id,
    recordId: id,
    digest,
    body: canonicalize(record as unknown as Json),
    fields: {
      eventId: event.id,
      eventDigest: digest,
      agentId: event.agentId,
      action: event.action,
      sessionId: event.sessionId ?? null,
      value: evaluation.value,
      riskScore: evaluation.riskScore,
      categories: [...new Set(evaluation.findings.map(({ category }) => category))],
      policyVersion: evaluation.policy?.version ?? null,
      ruleId: evaluation.policy?.ruleId ?? null,
    },
    configVersion: input.configVersion,
    units: 1,
    agent: input.agent,
    session:
      event.sessionId === undefined || evaluation.session === null
        ? null
        : {
            id: event.sessionId,
            version: input.session.version,
            state: JSON.stringify(evaluation.session),
            holder: input.session.holder,
            reserve: input.session.reserve,
          },
    review,
    grant: input.grant ?? null,
    alert:
      evaluation.value === 'ALERT'
        ? { id: `alr_${recordId(orgId, 'alert', id).replaceAll('-', '')}`, cause: 'decision', reasons: JSON.stringify(evaluation.reasons) }
        : null,
    outcome: attestation === null ? null : { within_ms: attestation.withinMs, due_at: attestation.dueAt },
    violations: evaluation.value === 'ALLOW' ? [] : [violation(input, decision)],
  };
}

/** What has happened already is not reported on a second time. */
function attestationOf({ evaluation: { attestWithinMs, value }, mode, nowMs }: SettlementInput): { withinMs: number; dueAt: string | null } | null {
  if (attestWithinMs === null || mode === 'observed' || value === 'BLOCK') return null;
  return { withinMs: attestWithinMs, dueAt: value === 'HITL' ? null : new Date(nowMs + attestWithinMs).toISOString() };
}

function openReview({ orgId, event, evaluation, nowMs, requester }: SettlementInput, eventRecordId: string): ReviewRowInput | null {
  const plan = evaluation.review;
  const first = plan?.levels[0];
  if (evaluation.value !== 'HITL' || plan === null || first === undefined) return null;
  return {
    id: `rev_${recordId(orgId, 'review', eventRecordId).replaceAll('-', '')}`,
    digest: actionDigest(event, evaluation.policy?.version ?? null, sha256Hex),
    plan: JSON.stringify(plan),
    state: JSON.stringify({ level: 0, openedAtMs: nowMs, votes: [], steps: [] }),
    summary: JSON.stringify({
      reasons: evaluation.reasons,
      policy: evaluation.policy,
      requester,
      ...(event.principal?.user === undefined ? {} : { requestedFor: event.principal.user }),
    }),
    joins: event.sessionId !== undefined,
    created_at: new Date(nowMs).toISOString(),
    due_at: new Date(levelEndMs(first, nowMs)).toISOString(),
    expires_at: new Date(ladderEndMs(plan, 0, nowMs)).toISOString(),
  };
}

function violation({ orgId, event, evaluation }: SettlementInput, decision: Omit<Decision, 'receipt'>): SettleItem['violations'][number] {
  const fields = {
    eventId: event.id,
    agentId: event.agentId,
    value: evaluation.value,
    ruleId: evaluation.policy?.ruleId ?? null,
    detectors: evaluation.findings.map(({ detector }) => detector),
  };
  const body = { v: 1, ...fields, decisionId: decision.id, riskScore: decision.riskScore, reasons: decision.reasons };
  return { id: recordId(orgId, 'violation', event.id), body: canonicalize(body), fields };
}
