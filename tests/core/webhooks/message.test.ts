import { type LedgerFact, messageOf } from '../../../core/webhooks/message.ts';
import { WEBHOOK_DATA, WEBHOOK_EVENT_TYPES } from '../../../schemas/webhook-event.ts';

const AT = new Date(Date.UTC(2030, 0, 1));
const fact = (kind: number, body: object): LedgerFact => ({ seq: 7, kind, id: 'record', at: AT, body: JSON.stringify(body) });
const decisionOf = (value: string, review?: object): object => ({
  v: 2,
  event: { id: 'evt_1', agentId: 'billing', action: 'refund', sessionId: 'session-of-ann' },
  sealed: [{ data: 'c2VhbGVk' }],
  holder: 'ab'.repeat(32),
  findings: [{ reason: 'what a person wrote', evidence: { hits: ['private'] } }],
  requester: 'key:k',
  decision: {
    id: 'dec_1',
    eventId: 'evt_1',
    value,
    mast: [
      { category: 'Action', detector: 'act.destroy' },
      { category: 'Action', detector: 'act.exec' },
    ],
    riskScore: 80,
    reasons: ['what a person wrote'],
    policy: { version: 'pol_1@3', ruleId: 'refunds' },
    ...(review === undefined ? {} : { review }),
    latencyMs: 3,
  },
});
const REVIEW = { id: 'rev_1', expiresAt: '2030-01-02T00:00:00.000Z', url: 'https://guard.example/dashboard/reviews/rev_1' };
const step = (changes: object): LedgerFact =>
  fact(2, { v: 2, reviewId: 'rev_1', eventId: 'evt_1', step: 'approve', actor: 'mem_ann', status: 'approved', sealed: [], ...changes });
const audit = (type: string, target: string, details: object = {}): LedgerFact => fact(3, { v: 1, type, actor: 'key:k', target, requestId: 'req', details });
const violation = { v: 1, eventId: 'evt_1', agentId: 'billing', value: 'BLOCK', ruleId: null, detectors: ['act.destroy'], reasons: ['what a person wrote'] };

const CASES: [string, LedgerFact, object][] = [
  ['governance.decision.blocked', fact(1, decisionOf('BLOCK')), { eventId: 'evt_1', value: 'BLOCK', categories: ['Action'], riskScore: 80, seq: 7 }],
  ['governance.decision.alerted', fact(1, decisionOf('ALERT')), { value: 'ALERT', url: 'https://guard.example/api/v1/governance/events/evt_1' }],
  ['governance.review.opened', fact(1, decisionOf('HITL', REVIEW)), { reviewId: 'rev_1', reviewUrl: REVIEW.url, expiresAt: REVIEW.expiresAt }],
  ['governance.review.decided', step({}), { reviewId: 'rev_1', status: 'approved', step: 'approve', actor: 'mem_ann' }],
  ['governance.review.decided', step({ step: 'timeout', actor: 'system', status: 'expired' }), { status: 'expired' }],
  ['policy.violated', fact(4, { ...violation, riskScore: 80 }), { detectors: ['act.destroy'], riskScore: 80 }],
  ['policy.violated', fact(4, { ...violation, value: 'OUTCOME_SILENT' }), { value: 'OUTCOME_SILENT', riskScore: null }],
  ['agent.stopped', audit('agent.stopped', 'billing', { reason: 'what a person wrote' }), { agents: ['billing'], stopId: null }],
  ['agent.stopped', audit('agents.stopped', 'stp_1', { agents: ['*'], reason: 'what a person wrote' }), { agents: ['*'], stopId: 'stp_1' }],
  ['agent.resumed', audit('agent.resumed', 'billing'), { agents: ['billing'] }],
  ['agent.resumed', audit('agents.stop-lifted', 'stp_1'), { agents: [], stopId: 'stp_1' }],
  ['erasure.completed', audit('erasure.completed', 'era_1', { subject: 'ab'.repeat(32), keysDestroyed: 2 }), { erasureId: 'era_1', keysDestroyed: 2 }],
];

test.each(CASES)('%s comes of its entry (%#), and is what is published of it', (type, entry, data) => {
  const draft = messageOf(entry, 'https://guard.example');
  expect(draft).toMatchObject({ type, timestamp: AT.toISOString(), data });
  expect(WEBHOOK_DATA[type as keyof typeof WEBHOOK_DATA].parse(draft?.data)).toEqual(draft?.data);
  expect(messageOf(entry, 'https://guard.example')).toEqual(draft);
});

test('no message tells what people wrote, whom it is about, or what is sealed', () => {
  for (const [, entry] of CASES) {
    expect(JSON.stringify(messageOf(entry, 'https://guard.example'))).not.toMatch(/a person wrote|session-of-ann|private|c2VhbGVk|abab/);
  }
});

test('every published type has an entry that it comes of', () => {
  expect(new Set(CASES.map(([type]) => type))).toEqual(new Set(WEBHOOK_EVENT_TYPES));
});

test.each([
  ['an action that was allowed', fact(1, decisionOf('ALLOW'))],
  ['a step after which the review still waits', step({ status: 'pending' })],
  ['the use of an approval', step({ step: 'consume' })],
  ['any other change', audit('key.created', 'k')],
])('%s is told of to nobody', (_what, entry) => {
  expect(messageOf(entry, 'https://guard.example')).toBeNull();
});

test('a review is decided once, whichever of its entries is read', () => {
  const keys = [step({}), { ...step({ step: 'abstain' }), id: 'other', seq: 8 }].map((entry) => messageOf(entry, '')?.key);
  expect(keys).toEqual(['rev_1', 'rev_1']);
});
