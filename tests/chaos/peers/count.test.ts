import { addCounts, countRound, percentile } from './count.ts';

const effects = (thread: string, steps: Record<string, number>) => Object.entries(steps).map(([step, times]) => ({ thread, step, times }));

describe('counting a round of the drill', () => {
  it('counts nothing amiss where everything happened once', () => {
    const counted = countRound(new Set(['a']), effects('a', { prepare: 1, gate: 1, decided: 1, executed: 1 }));
    expect(counted).toEqual({ pending: 1, lost: 0, duplicatedEffects: 0, decidedTwice: 0, executedTwice: 0 });
  });

  it('counts as lost what was acknowledged and never executed, decided or not', () => {
    const counted = countRound(new Set(['a', 'b', 'c']), [...effects('a', { executed: 1 }), ...effects('b', { prepare: 1, decided: 1 })]);
    expect(counted).toMatchObject({ pending: 3, lost: 2 });
  });

  it('counts every repetition of an effect before the approval, and approvals and executions by thread', () => {
    const counted = countRound(new Set(['a', 'b']), [
      ...effects('a', { prepare: 3, gate: 2, decided: 3, executed: 1 }),
      ...effects('b', { prepare: 1, gate: 1, decided: 2, executed: 4 }),
    ]);
    expect(counted).toEqual({ pending: 2, lost: 0, duplicatedEffects: 3, decidedTwice: 2, executedTwice: 1 });
  });

  it('adds rounds up', () => {
    const round = { pending: 1, lost: 2, duplicatedEffects: 3, decidedTwice: 4, executedTwice: 5 };
    expect(addCounts(round, round)).toEqual({ pending: 2, lost: 4, duplicatedEffects: 6, decidedTwice: 8, executedTwice: 10 });
  });
});

describe('percentile', () => {
  it('takes the nearest rank, whatever the order', () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect([percentile(values, 0.5), percentile(values, 0.95), percentile([7.25], 0.95)]).toEqual([50, 95, 7.3]);
  });

  it('is not a number when nothing was measured', () => {
    expect(percentile([], 0.5)).toBeNaN();
  });
});
