import { IANAZone } from 'luxon';

/** A stretch of time through which the zone's clocks keep one distance from UTC. */
export interface SteadyStretch {
  fromMs: number;
  toMs: number;
  /** Local time minus UTC. */
  offsetMs: number;
}

/** Cuts `[fromMs, toMs)` into stretches without a change of the clocks, in order and without holes. Throws a RangeError for an unknown zone. */
export function* steadyStretches(zone: string, fromMs: number, toMs: number): Generator<SteadyStretch> {
  const offsetAt = offsetsOf(zone);
  let atMs = fromMs;
  while (atMs < toMs) {
    const offsetMs = offsetAt(atMs);
    // Probes stand on a grid of their own, not a step after the start: every start then sees the same changes.
    const probeMs = (Math.floor(atMs / PROBED_MS) + 1) * PROBED_MS;
    const untilMs = offsetAt(probeMs) === offsetMs ? probeMs : changeBetween(offsetAt, atMs, probeMs);
    yield { fromMs: atMs, toMs: Math.min(untilMs, toMs), offsetMs };
    atMs = untilMs;
  }
}

/** The first millisecond of another offset; the offsets at the two ends differ. */
function changeBetween(offsetAt: (ms: number) => number, fromMs: number, toMs: number): number {
  const before = offsetAt(fromMs);
  let [sameMs, otherMs] = [fromMs, toMs];
  while (otherMs - sameMs > 1) {
    const middleMs = sameMs + Math.floor((otherMs - sameMs) / 2);
    if (offsetAt(middleMs) === before) sameMs = middleMs;
    else otherMs = middleMs;
  }
  return otherMs;
}

function offsetsOf(name: string): (ms: number) => number {
  // luxon keeps a formatter for every spelling it is asked for, and `eUROPE/bERLIN` is a valid one: only canonical names may reach it.
  const canonical = new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone;
  const zone = IANAZone.create(canonical);
  return (ms) => {
    // Before standard time, offsets have seconds: as minutes they are fractions.
    const offsetMs = Math.round(zone.offset(ms) * 60_000);
    if (Number.isNaN(offsetMs)) throw new RangeError(`no clock of ${name} shows the time ${ms}`);
    return offsetMs;
  };
}

/** No zone on record went back on a change sooner than four days later (Freetown in 1939; since 1970, seven). Each probe costs a formatted date. */
const PROBED_MS = 3 * 86_400_000;
