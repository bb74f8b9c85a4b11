export interface EffectCount {
  thread: string;
  step: string;
  times: number;
}

export interface RoundCount {
  /** Acknowledged as waiting, whether or not the program still knew of it later. */
  pending: number;
  /** Acknowledged as waiting, and never executed although approved. */
  lost: number;
  /** Rows beyond the first of what happens before the approval: each is an effect that somebody saw twice. */
  duplicatedEffects: number;
  /** Approvals that were acted on more than once. */
  decidedTwice: number;
  executedTwice: number;
}

/** Counts a round by what the effects say, not by what the program believes. */
export function countRound(acknowledged: ReadonlySet<string>, effects: readonly EffectCount[]): RoundCount {
  const executed = new Set(effects.filter(({ step }) => step === 'executed').map(({ thread }) => thread));
  const repeated = (step: string): EffectCount[] => effects.filter((effect) => effect.step === step && effect.times > 1);
  return {
    pending: acknowledged.size,
    lost: [...acknowledged].filter((thread) => !executed.has(thread)).length,
    duplicatedEffects: [...repeated('prepare'), ...repeated('gate')].reduce((sum, { times }) => sum + times - 1, 0),
    decidedTwice: repeated('decided').length,
    executedTwice: repeated('executed').length,
  };
}

export function addCounts(a: RoundCount, b: RoundCount): RoundCount {
  return {
    pending: a.pending + b.pending,
    lost: a.lost + b.lost,
    duplicatedEffects: a.duplicatedEffects + b.duplicatedEffects,
    decidedTwice: a.decidedTwice + b.decidedTwice,
    executedTwice: a.executedTwice + b.executedTwice,
  };
}

/** By the nearest rank; a tenth of a millisecond is as fine as this is known. Not a number when nothing was measured. */
export function percentile(valuesMs: readonly number[], share: number): number {
  const sorted = valuesMs.toSorted((a, b) => a - b);
  return Number((sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN).toFixed(1));
}
