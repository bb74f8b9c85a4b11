export interface Figures {
  what: string;
  count: number;
  p50Ms: number;
  p95Ms: number;
  maxMs: number;
}

export function figuresOf(what: string, latenciesMs: readonly number[]): Figures {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const at = (share: number): number => Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(1));
  return { what, count: sorted.length, p50Ms: at(0.5), p95Ms: at(0.95), maxMs: at(1) };
}

/** A table, then one JSON line each. */
export function printFigures(all: readonly Figures[]): void {
  process.stdout.write(`${''.padEnd(34)}${['calls', 'p50 ms', 'p95 ms', 'max ms'].map((title) => title.padStart(10)).join('')}\n`);
  for (const { what, ...figures } of all)
    process.stdout.write(
      `${what.padEnd(34)}${Object.values(figures)
        .map((value) => String(value).padStart(10))
        .join('')}\n`,
    );
  for (const figures of all) process.stdout.write(`${JSON.stringify({ bench: 'reviews', ...figures })}\n`);
}
