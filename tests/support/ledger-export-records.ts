import type { TestRecord } from './ledger-export.ts';

/** Records as the product makes them, of nobody: their bodies and the columns beside them. */
export interface EventOptions {
  id: string;
  atMs: number;
  value?: 'ALLOW' | 'ALERT' | 'BLOCK' | 'HITL';
  action?: string;
  sessionId?: string;
  categories?: string[];
  policy?: { version: string; ruleId: string | null } | null;
  /** Puts the digest into the body too, as version 2 of the record does. */
  eventDigest?: string;
  retainDays?: number;
}

const DIGEST = '5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef';

export function eventRecord(options: EventOptions): TestRecord {
  const { id, atMs, value = 'ALLOW', action = 'send_mail', sessionId, categories = [], policy = null, eventDigest, retainDays = 90 } = options;
  const findings = categories.map((category, index) => ({
    detector: `${category.slice(0, 3).toLowerCase()}.rule-${index}`,
    category,
    mode: null,
    confidence: 0.75,
    outcome: 'alert',
    reason: 'seen – “quoted”, € and \u0000 in one sentence',
    evidence: { pointer: '/tool/args', matches: index },
  }));
  const riskScore = 10 * findings.length;
  const event = { id, agentId: 'agent-7', action, occurredAt: new Date(atMs).toISOString(), ...(sessionId === undefined ? {} : { sessionId }) };
  const decision = { id: `dec_${id}`, eventId: id, value, mast: [], riskScore, reasons: findings.map(({ reason }) => reason), policy, latencyMs: 1.5 };
  const body = {
    v: eventDigest === undefined ? 1 : 2,
    mode: 'governed',
    event,
    decision,
    evaluatedAt: new Date(atMs).toISOString(),
    findings,
    ...(eventDigest === undefined ? {} : { eventDigest }),
    requester: 'key:4f2a9c10',
    requestId: `req-${id}`,
  };
  const fields = {
    eventId: id,
    eventDigest: eventDigest ?? DIGEST,
    agentId: 'agent-7',
    action,
    sessionId: sessionId ?? null,
    value,
    riskScore,
    categories: [...new Set(categories)],
    policyVersion: policy?.version ?? null,
    ruleId: policy?.ruleId ?? null,
  };
  return { kind: 1, body, fields, atMs, retainDays };
}

export function reviewRecord({ reviewId, eventId, step, atMs }: { reviewId: string; eventId: string; step: string; atMs: number }): TestRecord {
  const fields = { reviewId, eventId, step, actor: 'member:reviewer-1' };
  return { kind: 2, body: { v: 1, ...fields, actionDigest: DIGEST, level: 0, at: new Date(atMs).toISOString(), status: 'approved' }, fields, atMs };
}

export function auditRecord({
  type,
  atMs,
  details = {},
  target = null,
  retainDays = 90,
}: {
  type: string;
  atMs: number;
  details?: object;
  target?: string | null;
  retainDays?: number;
}): TestRecord {
  const fields = { type, actor: 'system', target };
  return { kind: 3, body: { v: 1, ...fields, requestId: `req-${atMs}`, details }, fields, atMs, retainDays };
}

export function violationRecord({ eventId, value, atMs, detectors }: { eventId: string; value: string; atMs: number; detectors: string[] }): TestRecord {
  const fields = { eventId, agentId: 'agent-7', value, ruleId: null, detectors };
  return { kind: 4, body: { v: 1, ...fields, decisionId: `dec_${eventId}`, riskScore: 20, reasons: ['seen'] }, fields, atMs };
}

export interface PurgeDetails {
  upTo: number;
  minIndex?: number;
  anchorHash?: string | null;
  extended?: unknown[];
  reduced?: unknown;
  held?: unknown[];
  earlier?: unknown[];
}

/** `details` of a `ledger.purged` record. */
export function purgeDetails({ upTo, minIndex = 0, anchorHash = null, extended = [], reduced = null, held = [], earlier }: PurgeDetails): object {
  const counts = { agentEvents: 0, hitlDecisions: 0, auditRecords: 0, policyViolations: 0 };
  return { upTo, extended, reduced, held, ...(earlier === undefined ? {} : { earlier }), counts, minIndex, anchorHash };
}
