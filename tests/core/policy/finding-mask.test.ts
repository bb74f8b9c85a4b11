import { maskOfFindings, maskOfNames } from '../../../core/policy/finding-mask.ts';
import { DetectorId, MastCategory } from '../../../schemas/mast.ts';
import { finding } from './rules.ts';

test('every category and every detector has a bit of its own', () => {
  const bits = [...MastCategory.options, ...DetectorId.options].map((name) => maskOfNames([name]));
  expect(new Set(bits).size).toBe(MastCategory.options.length + DetectorId.options.length);
  for (const bit of bits) expect([bit > 0, bit & (bit - 1)]).toEqual([true, 0]);
});

test('findings set the bits of their categories and detectors and no others', () => {
  expect(maskOfFindings([])).toBe(0);
  expect(maskOfFindings([finding(), finding({ detector: 'tim.loop', category: 'Time' })])).toBe(maskOfNames(['Action', 'act.scope', 'Time', 'tim.loop']));
});

test('a rule that asks for none has no bits', () => {
  expect(maskOfNames(undefined)).toBe(0);
});
