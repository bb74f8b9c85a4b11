import { overriddenDecision } from '../../../core/decision/fail-mode.ts';
import type { StoredEventRecord } from '../../../core/ledger/event-record.ts';
import type { DecisionValue } from '../../../schemas/decision.ts';

type Recorded = Parameters<typeof overriddenDecision>[1];
const record = (value: DecisionValue, wouldHaveBeen?: StoredEventRecord['wouldHaveBeen']): Recorded => ({
  decision: { id: 'dec_1', eventId: 'e1', value, mast: [], riskScore: 0, reasons: [], policy: null, latencyMs: 0 },
  ...(wouldHaveBeen === undefined ? {} : { wouldHaveBeen }),
});

test.each<[DecisionValue, Recorded, 'BLOCK' | 'HITL' | undefined]>([
  ['ALLOW', record('BLOCK'), 'BLOCK'],
  ['ALERT', record('HITL'), 'HITL'],
  ['ALLOW', record('ALERT', 'BLOCK'), 'BLOCK'],
  ['ALLOW', record('ALERT', 'HITL'), 'HITL'],
  ['ALLOW', record('ALLOW'), undefined],
  ['ALLOW', record('ALERT'), undefined],
  ['BLOCK', record('ALLOW'), undefined],
  ['BLOCK', record('BLOCK'), undefined],
  ['HITL', record('ALERT', 'BLOCK'), undefined],
])('a fail mode that made it %s contradicts what is on record only where that holds the action back', (value, recorded, expected) => {
  expect(overriddenDecision(value, recorded)).toBe(expected);
});
