import * as fc from 'fast-check';
import { steadyStretches } from '../../../core/hitl/business-offsets.ts';
import { CHANGES } from './business-calendars.ts';

const DAY = 86_400_000;

describe('steadyStretches', () => {
  it.each(CHANGES)('finds the change of the clocks in %s at %s to the millisecond', (zone, instant) => {
    const changeMs = Date.parse(instant);
    const stretches = [...steadyStretches(zone, changeMs - 10 * DAY, changeMs + 10 * DAY)];
    const changes = stretches.slice(1).filter((stretch, i) => stretch.offsetMs !== stretches[i]?.offsetMs);
    expect(changes.map(({ fromMs }) => fromMs)).toEqual([changeMs]);
  });

  it('covers the time asked for in order, without holes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...CHANGES),
        fc.integer({ min: -3 * DAY, max: DAY }),
        fc.integer({ min: 1, max: 6 * DAY }),
        ([zone, instant], shift, length) => {
          const fromMs = Date.parse(instant) + shift;
          const stretches = [...steadyStretches(zone, fromMs, fromMs + length)];
          expect(stretches.at(0)?.fromMs).toBe(fromMs);
          expect(stretches.at(-1)?.toMs).toBe(fromMs + length);
          for (const [i, stretch] of stretches.entries()) {
            expect(stretch.toMs).toBeGreaterThan(stretch.fromMs);
            expect(stretch.fromMs).toBe(stretches[i - 1]?.toMs ?? fromMs);
          }
        },
      ),
    );
  });

  it('takes a zone by any of its names and spellings, and no other', () => {
    const offsetOf = (zone: string): number | undefined => [...steadyStretches(zone, 0, 1)][0]?.offsetMs;
    expect(['Asia/Kolkata', 'Asia/Calcutta', 'aSIA/kOLKATA'].map(offsetOf)).toEqual([19_800_000, 19_800_000, 19_800_000]);
    expect(() => offsetOf('Atlantis/Capital')).toThrow(RangeError);
  });
});
