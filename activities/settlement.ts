import { hash } from 'node:crypto';
import { actionDigest } from '../core/decision/action-digest.ts';
import type { Evaluation } from '../core/decision/evaluation.ts';
import type { GovernEventInput } from '../core/decision/govern-event-input.ts';
import { ladderEndMs, levelEndMs } from '../core/hitl/due.ts';
import { canonicalize } from '../core/json/canonical.ts';
import type { EventRecord, StoredEventRecord } from '../core/ledger/event-record.ts';
import type { SessionFacts } from '../core/policy/evaluate.ts';
import { userSubject } from '../core/ledger/personal-fields.ts';
import { type SealedEvent, sealEvent } from '../db/event-seal.ts';
import type { ReviewRowInput, SettleItem } from '../db/queries/settle.ts';
import { recordId } from '../db/record-id.ts';
import { sealState, storedDigest } from '../db/review-seal.ts';
import type { SubjectKeyUse } from '../db/subject-keys.ts';
import { keysOf, type SubjectVault } from '../db/subject-vault.ts';
import type { Decision } from '../schemas/decision.ts';
import type { Json } from '../schemas/json.ts';

export const sha256Hex = (text: string): string => hash('sha256', text);

export interface EntryInput extends GovernEventInput {
  mode: EventRecord['mode'];
  evaluation: Evaluation;
  /** The session before the event; null without one. */
  sessionBefore?: SessionFacts | null;
  /** Id of the grant that lets the action pass. */
  grant?: string | null;
  nowMs: number;
  /** Base of links to the dashboard, without a slash at the end. */
  publicUrl: string;
}

export interface SettlementInput extends EntryInput {
  configVersion: number;
  agent: SettleItem['agent'];
  session: { version: number; holder: string; reserve: boolean };
}

/** What the database settles of one evaluated event alone. */
export function prepareSettlement(vault: SubjectVault, input: SettlementInput): SettleItem {
  const { orgId, event, evaluation } = input;
  return {
    org: orgId,
    ...prepareEntry(vault, input),
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
  };
}

type Entry = Omit<SettleItem, 'org' | 'configVersion' | 'units' | 'agent' | 'session'>;

/** Turns an evaluation into what is recorded of it; the decision stands in the body, all but its receipt. Personal fields are sealed in it. */
export function prepareEntry(vault: SubjectVault, input: EntryInput): Entry {
  const { orgId, event, digest, evaluation, nowMs } = input;
  const id = recordId(orgId, 'event', event.id);
  const sealed = sealEvent(vault, orgId, event);
  const opened = openReview(vault, input, id, sealed);
  const review = opened?.review ?? null;
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
  const record: StoredEventRecord = {
    v: 2,
    mode: input.mode,
    event: sealed.readable,
    holder: sealed.holder,
    sealed: sealed.sealed,
    eventDigest: digest,
    decision,
    ...(evaluation.wouldHaveBeen === undefined ? {} : { wouldHaveBeen: evaluation.wouldHaveBeen }),
    evaluatedAt: new Date(nowMs).toISOString(),
    findings: evaluation.findings,
    ...(review === null || !input.sessionBefore ? {} : { sessionBefore: factsOf(input.sessionBefore) }),
    ...(typeof input.grant === 'string' ? { grant: input.grant } : {}),
    ...(evaluation.policyError === null ? {} : { policyError: evaluation.policyError }),
    requester: input.requester,
    requestId: input.requestId,
  };
  return {
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
    review,
    grant: input.grant ?? null,
    alert:
      evaluation.value === 'ALERT'
        ? { id: `alr_${recordId(orgId, 'alert', id).replaceAll('-', '')}`, cause: 'decision', reasons: JSON.stringify(evaluation.reasons) }
        : null,
    outcome: attestation === null ? null : { within_ms: attestation.withinMs, due_at: attestation.dueAt },
    violations: evaluation.value === 'ALLOW' ? [] : [violation(input, decision)],
    keys: keysOf(opened === null ? [sealed] : [sealed, opened]),
    subjects: sealed.sealed.map(({ subject }) => subject),
  };
}

const factsOf = ({ steps, untrusted, private: isPrivate, egress }: SessionFacts): SessionFacts => ({ steps, untrusted, private: isPrivate, egress });

/** What has happened already is not reported on a second time. */
function attestationOf({ evaluation: { attestWithinMs, value }, mode, nowMs }: EntryInput): { withinMs: number; dueAt: string | null } | null {
  if (attestWithinMs === null || mode === 'observed' || value === 'BLOCK') return null;
  return { withinMs: attestWithinMs, dueAt: value === 'HITL' ? null : new Date(nowMs + attestWithinMs).toISOString() };
}

function openReview(
  vault: SubjectVault,
  { orgId, event, evaluation, nowMs, requester }: EntryInput,
  eventRecordId: string,
  { holder }: SealedEvent,
): { review: ReviewRowInput; keys: SubjectKeyUse[] } | null {
  const plan = evaluation.review;
  const first = plan?.levels[0];
  if (evaluation.value !== 'HITL' || plan === null || first === undefined) return null;
  const reviewId = `rev_${recordId(orgId, 'review', eventRecordId).replaceAll('-', '')}`;
  const digest = actionDigest(event, evaluation.policy?.version ?? null, sha256Hex);
  const opened = { level: 0, openedAtMs: nowMs, votes: [], steps: [] };
  const { state, version, keys } = sealState(vault, orgId, { reviewId, subject: holder, state: opened, actionDigest: digest });
  const user = event.principal?.user;
  const review = {
    id: reviewId,
    digest: storedDigest(vault, orgId, digest),
    plan: JSON.stringify(plan),
    state,
    summary: JSON.stringify({
      reasons: evaluation.reasons,
      policy: evaluation.policy,
      requester,
      ...(user === undefined ? {} : { requestedForSubject: vault.refOf(orgId, userSubject(user)) }),
    }),
    joins: event.sessionId !== undefined,
    subject: holder,
    subject_version: version ?? 1,
    created_at: new Date(nowMs).toISOString(),
    due_at: new Date(levelEndMs(first, nowMs)).toISOString(),
    expires_at: new Date(ladderEndMs(plan, 0, nowMs)).toISOString(),
  };
  return { review, keys };
}

function violation({ orgId, event, evaluation }: EntryInput, decision: Omit<Decision, 'receipt'>): SettleItem['violations'][number] {
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
