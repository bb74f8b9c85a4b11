import { seededRandom } from './seeded-random.ts';

const draw = (seed: number): number[] => Array.from({ length: 50 }, seededRandom(seed).next);

describe('seededRandom', () => {
  it('gives the same numbers for the same seed, others for another', () => {
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(draw(1).every((value) => value >= 0 && value < 1)).toBe(true);
  });

  it('draws whole numbers from both ends of a range and refuses an empty choice', () => {
    const random = seededRandom(3);
    expect(new Set(Array.from({ length: 200 }, () => random.integer(1, 3)))).toEqual(new Set([1, 2, 3]));
    expect(() => random.pick([])).toThrow(RangeError);
  });
});
