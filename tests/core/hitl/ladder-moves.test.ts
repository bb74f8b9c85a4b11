import { advance, close, keep } from '../../../core/hitl/ladder-moves.ts';
import type { Ladder } from '../../../core/hitl/ladder-state.ts';
import type { ReviewStep } from '../../../schemas/review.ts';
import { OFFICE } from './business-calendars.ts';
import { ASKED, ballot, HOUR_MS, level, MINUTE_MS, OWNERS, plan, standing, START_MS } from './ladders.ts';

const NOW_MS = START_MS + 10 * MINUTE_MS;
const EARLIER: ReviewStep = { step: 'abstain', actor: 'bob', level: 0, at: new Date(START_MS).toISOString() };
const STEP: ReviewStep = { step: 'timeout', actor: 'system', level: 0, at: new Date(NOW_MS).toISOString() };
const asked = plan([level(), { ...OWNERS, withinMs: 4 * HOUR_MS }]);
const ladder = (over: Partial<Ladder> = {}): Ladder => ({
  plan: asked,
  state: { level: 0, openedAtMs: START_MS, votes: [ballot('ann')], args: { amount: 5 }, steps: [EARLIER] },
  context: { nowMs: NOW_MS, expiresAtMs: START_MS + 5 * HOUR_MS, digest: ASKED, standing: standing() },
  ...over,
});

test('a closed review waits for nothing and keeps its level, votes and arguments', () => {
  expect(close(ladder(), 'rejected', [STEP])).toEqual({
    status: 'rejected',
    state: { level: 0, openedAtMs: START_MS, votes: [ballot('ann')], args: { amount: 5 }, steps: [EARLIER, STEP] },
    dueAtMs: null,
    expiresAtMs: START_MS + 5 * HOUR_MS,
    digest: ASKED,
    plan: asked,
    taken: [STEP],
  });
});

test('a review that stays at its level keeps its times, whenever that is', () => {
  expect(keep(ladder(), [STEP])).toMatchObject({
    status: 'pending',
    dueAtMs: START_MS + HOUR_MS,
    expiresAtMs: START_MS + 5 * HOUR_MS,
    state: { level: 0, openedAtMs: START_MS },
  });
});

test('a row of 0.1.0, which does not say when its level was asked, keeps its times too', () => {
  const old = ladder({ state: { level: 0, steps: [] } });
  expect(keep(old, [STEP])).toMatchObject({ dueAtMs: START_MS + HOUR_MS, state: { openedAtMs: START_MS } });
});

test('the next level is asked anew: its own time from now, and no votes', () => {
  expect(advance(ladder(), [STEP])).toMatchObject({
    status: 'pending',
    state: { level: 1, openedAtMs: NOW_MS, votes: [], args: { amount: 5 }, steps: [EARLIER, STEP] },
    dueAtMs: NOW_MS + 4 * HOUR_MS,
    expiresAtMs: NOW_MS + 4 * HOUR_MS,
    digest: ASKED,
  });
});

test('the next level’s time is of its own open hours', () => {
  const fridayMs = Date.parse('2026-06-12T16:00:00+02:00');
  const base = ladder({ plan: plan([level(), level({ withinMs: 2 * HOUR_MS, businessHours: OFFICE }), OWNERS]) });
  const next = advance({ ...base, context: { ...base.context, nowMs: fridayMs } }, [STEP]);
  expect(next.dueAtMs).toBe(Date.parse('2026-06-15T10:00:00+02:00'));
  expect(next.expiresAtMs).toBe(Date.parse('2026-06-15T11:00:00+02:00'));
});

test('above the last level there is the end: expired', () => {
  expect(advance(ladder({ plan: plan([level()]) }), [STEP])).toMatchObject({ status: 'expired', dueAtMs: null, state: { level: 0 } });
});
