import * as fc from 'fast-check';
import { riskScore } from '../../../core/detection/risk-score.ts';

const finding = fc.record({
  outcome: fc.constantFrom('alert' as const, 'hitl' as const, 'block' as const),
  confidence: fc.double({ min: 0, max: 1, noNaN: true }),
});

describe('riskScore', () => {
  /** The worked examples of docs/spec/risk-score.md. */
  it.each([
    [[], 0],
    [[{ outcome: 'alert' as const, confidence: 0.8 }], 32],
    [[{ outcome: 'hitl' as const, confidence: 0.9 }], 63],
    [[{ outcome: 'block' as const, confidence: 1 }], 95],
    [
      [
        { outcome: 'alert' as const, confidence: 0.8 },
        { outcome: 'hitl' as const, confidence: 0.9 },
      ],
      75,
    ],
    [
      [
        { outcome: 'block' as const, confidence: 0.95 },
        { outcome: 'alert' as const, confidence: 0.9 },
      ],
      94,
    ],
  ])('scores %j as %d', (findings, score) => {
    expect(riskScore(findings)).toBe(score);
  });

  it('stays within 0 and 100, and no further finding lowers it', () => {
    fc.assert(
      fc.property(fc.array(finding, { maxLength: 11 }), finding, (findings, further) => {
        const score = riskScore(findings);
        expect(Number.isInteger(score) && score >= 0 && score <= 100).toBe(true);
        expect(riskScore([...findings, further])).toBeGreaterThanOrEqual(score);
      }),
    );
  });
});
