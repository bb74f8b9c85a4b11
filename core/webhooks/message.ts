import type { ReviewStatus, ReviewStepName } from '../../schemas/review.ts';
import type { WebhookData, WebhookEventType, WebhookMessage } from '../../schemas/webhook-event.ts';
import type { StoredEventRecord } from '../ledger/event-record.ts';

/** An entry of the ledger with its body. */
export interface LedgerFact {
  seq: number;
  /** 1 event, 2 step of a review, 3 administrative change, 4 violation. */
  kind: number;
  /** Record id. */
  id: string;
  at: Date;
  body: string;
}

export interface WebhookDraft extends WebhookMessage {
  type: WebhookEventType;
  /** What makes the message one and the same, however often it is derived. */
  key: string;
}

/**
 * The message that an entry gives rise to; null for most. The same entry always gives the same message: nothing else is read.
 * `publicUrl` is without a slash at the end.
 */
export function messageOf(fact: LedgerFact, publicUrl: string): WebhookDraft | null {
  const told = read(fact, `${publicUrl}/api/v1`, publicUrl);
  return told === null ? null : { key: fact.id, timestamp: fact.at.toISOString(), ...told };
}

/** Types of audit records that tell of something; where they are looked for in the database. */
export const TELLING_AUDITS = ['agent.stopped', 'agents.stopped', 'agent.resumed', 'agents.stop-lifted', 'erasure.completed'] as const;

type Told = Pick<WebhookDraft, 'type' | 'data'> & { key?: string };

function read({ kind, seq, body }: LedgerFact, api: string, publicUrl: string): Told | null {
  switch (kind) {
    case 1:
      return ofEvent(JSON.parse(body) as StoredEventRecord, seq, api, publicUrl);
    case 2:
      return ofStep(JSON.parse(body) as StepBody, seq, api);
    case 3:
      return ofAudit(JSON.parse(body) as AuditBody, seq, api);
    case 4:
      return ofViolation(JSON.parse(body) as ViolationBody, seq, api);
    default:
      return null;
  }
}

function ofEvent({ event: { agentId, action }, decision }: StoredEventRecord, seq: number, api: string, publicUrl: string): Told | null {
  const { id: decisionId, eventId, value, mast, riskScore, policy, review } = decision;
  const categories = [...new Set(mast.map(({ category }) => category))];
  const url = `${api}/governance/events/${eventId}`;
  const data = { eventId, decisionId, agentId, action, value, categories, riskScore, policy, seq, url };
  if (value === 'BLOCK') return { type: 'governance.decision.blocked', data };
  if (value === 'ALERT') return { type: 'governance.decision.alerted', data };
  if (value !== 'HITL' || review === undefined) return null;
  const { id: reviewId, expiresAt } = review;
  return { type: 'governance.review.opened', data: { ...data, reviewId, expiresAt, reviewUrl: `${publicUrl}/dashboard/reviews/${reviewId}` } };
}

interface StepBody {
  reviewId: string;
  eventId: string;
  step: ReviewStepName;
  actor: string;
  status: ReviewStatus;
}

/** A review ends once; the use of its approval comes after. Several steps of one move may say how it ended, and are one message. */
function ofStep({ reviewId, eventId, step, actor, status }: StepBody, seq: number, api: string): Told | null {
  if (status === 'pending' || step === 'consume') return null;
  const data: WebhookData<'governance.review.decided'> = { reviewId, eventId, status, step, actor, seq, url: `${api}/hitl/reviews/${reviewId}` };
  return { type: 'governance.review.decided', key: reviewId, data };
}

interface AuditBody {
  type: string;
  actor: string;
  target: string | null;
  details: { agents?: string[]; keysDestroyed?: number };
}

function ofAudit({ type, actor, target, details }: AuditBody, seq: number, api: string): Told | null {
  const id = target ?? '';
  switch (type) {
    case 'agent.stopped':
    case 'agent.resumed':
      return { type, data: { agents: [id], stopId: null, actor, seq, url: `${api}/governance/agents/${id}` } };
    case 'agents.stopped':
      return { type: 'agent.stopped', data: { agents: details.agents ?? [], stopId: id, actor, seq, url: `${api}/governance/stops/${id}` } };
    case 'agents.stop-lifted':
      return { type: 'agent.resumed', data: { agents: [], stopId: id, actor, seq, url: `${api}/governance/stops/${id}` } };
    case 'erasure.completed':
      return { type, data: { erasureId: id, keysDestroyed: details.keysDestroyed ?? 0, seq, url: `${api}/audit/erasures/${id}` } };
    default:
      return null;
  }
}

interface ViolationBody {
  eventId: string;
  agentId: string;
  value: string;
  ruleId: string | null;
  detectors: string[];
  riskScore?: number;
}

function ofViolation({ eventId, agentId, value, ruleId, detectors, riskScore }: ViolationBody, seq: number, api: string): Told {
  const url = `${api}/governance/events/${eventId}`;
  return { type: 'policy.violated', data: { eventId, agentId, value, ruleId, detectors, riskScore: riskScore ?? null, seq, url } };
}
