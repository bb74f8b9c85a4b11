/** A time in which some part was down, epoch milliseconds. */
export interface Outage {
  fromMs: number;
  toMs: number;
}

export interface FiredTimer {
  dueAtMs: number;
  firedAtMs: number;
}

/** How late a timer was: after its due time, or after the end of the last outage that lay between the two. */
export function latenessMs({ dueAtMs, firedAtMs }: FiredTimer, outages: readonly Outage[]): number {
  const excused = outages.filter(({ fromMs, toMs }) => toMs > dueAtMs && fromMs < firedAtMs).map(({ toMs }) => Math.min(toMs, firedAtMs));
  return Math.max(0, firedAtMs - Math.max(dueAtMs, ...excused));
}
