import { STRICTNESS, stricter, VALUE_OF_EFFECT } from '../../../core/policy/strictness.ts';
import { DecisionValue } from '../../../schemas/decision.ts';
import { PolicyEffect } from '../../../schemas/policy.ts';

test('block is stricter than hitl, hitl than alert, alert than allow', () => {
  expect(PolicyEffect.options.toSorted((a, b) => STRICTNESS[b] - STRICTNESS[a])).toEqual(['block', 'hitl', 'alert', 'allow']);
});

test('the stricter of two effects does not depend on their order', () => {
  for (const a of PolicyEffect.options) {
    for (const b of PolicyEffect.options) {
      expect(stricter(a, b)).toBe(stricter(b, a));
      expect(STRICTNESS[stricter(a, b)]).toBe(Math.max(STRICTNESS[a], STRICTNESS[b]));
    }
  }
});

test('every effect has a decision value of its own', () => {
  expect(PolicyEffect.options.map((effect) => VALUE_OF_EFFECT[effect]).toSorted()).toEqual([...DecisionValue.options].toSorted());
});
