import { canonicalize } from '../../../core/json/canonical.ts';
import { decisionFromRecord } from '../../../core/ledger/event-record.ts';

describe('decisionFromRecord', () => {
  const decision = { id: 'dec_1', eventId: 'evt_1', value: 'ALLOW', mast: [], riskScore: 0, reasons: ['nothing found'], policy: null, latencyMs: 3 };
  const body = canonicalize({
    v: 1,
    mode: 'governed',
    event: { id: 'evt_1', agentId: 'a', action: 'x' },
    decision,
    evaluatedAt: '2026-01-01T00:00:00.000Z',
    findings: [],
    requester: 'key:k',
    requestId: 'r',
  });

  test('answers the recorded decision with its place in the ledger, and the same text each time', () => {
    const at = { seq: 7, entryHash: 'ab', checkpointSize: 5 };
    expect(decisionFromRecord(body, at)).toEqual({ ...decision, receipt: at });
    expect(JSON.stringify(decisionFromRecord(body, at))).toBe(JSON.stringify(decisionFromRecord(body, { ...at })));
  });

  test('takes no more of a position than belongs into a receipt', () => {
    const position = { seq: 7, entryHash: 'ab', checkpointSize: 5, status: 'exists', body };
    expect(Object.keys(decisionFromRecord(body, position).receipt)).toEqual(['seq', 'entryHash', 'checkpointSize']);
  });
});
