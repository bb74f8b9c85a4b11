export interface GeneratorOptions {
  seed: number;
  count: number;
}

export interface SeededRandom {
  /** 0 inclusive to 1 exclusive. */
  next: () => number;
  /** Both ends inclusive. */
  integer: (min: number, max: number) => number;
  pick: <T>(choices: readonly T[]) => T;
  /** The choice at an index, counting round. */
  at: <T>(choices: readonly T[], index: number) => T;
}

/** Small generator of the mulberry32 family: the same seed, the same numbers, on every machine. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return { next, integer, at, pick: (choices) => at(choices, integer(0, choices.length - 1)) };
}

function at<T>(choices: readonly T[], index: number): T {
  const choice = choices[index % choices.length];
  if (choice === undefined) throw new RangeError('nothing to choose from');
  return choice;
}
