import { randomUUID } from 'node:crypto';
import { alarmOf } from '../../activities/review-alarm.ts';
import type { LadderMoved } from '../../core/hitl/ladder-state.ts';
import type { ReviewLadderRow, ReviewSummary } from '../../db/queries/review-steps.ts';
import type { ReviewStatus, ReviewStepName } from '../../schemas/review.ts';

const ORG = randomUUID();
const PLAN = { levels: [], outcome: 'block' as const };

function alarm(kind: ReviewLadderRow['kind'], status: ReviewStatus, { step = 'approve', ...summary }: Partial<ReviewSummary> & { step?: ReviewStepName } = {}) {
  const row = {
    id: 'rev_1',
    kind,
    eventId: 'e1',
    agentId: 'a',
    summary: { reasons: [], policy: null, requester: 'key:1', ...summary },
  } as unknown as ReviewLadderRow;
  const taken = [{ step, actor: 'mem_r', level: 0, at: '2030-01-01T00:00:00Z' }];
  const moved: LadderMoved = { status, state: { level: 0, steps: [] }, dueAtMs: null, expiresAtMs: 0, digest: 'd', plan: PLAN, taken };
  const { alerts, violations } = alarmOf(ORG, row, moved);
  return {
    alerts: alerts.map(({ cause, reasons }) => [cause, ...(JSON.parse(reasons) as string[])]),
    violations: violations.map(({ fields }) => fields['value']),
  };
}

test('nothing is raised for an approval, nor for a judgement that is still open or found all well', () => {
  expect(alarm('gate', 'rejected')).toEqual({ alerts: [], violations: [] });
  expect(alarm('after', 'pending', { judges: 'alert' })).toEqual({ alerts: [], violations: [] });
  expect(alarm('after', 'approved', { judges: 'alert' })).toEqual({ alerts: [], violations: [] });
});

test('breaking the glass raises an alert at once, and a violation only when it is not found right', () => {
  expect(alarm('gate', 'approved', { step: 'break-glass' })).toEqual({
    alerts: [['break-glass', 'the glass was broken: one person approved at once']],
    violations: [],
  });
  expect(alarm('after', 'rejected', { judges: 'break-glass' })).toEqual({
    alerts: [['break-glass', 'an approval by break-glass was judged afterwards and rejected']],
    violations: ['BREAK_GLASS'],
  });
});

test('an escalated alert that is judged badly, or by nobody, is told as one', () => {
  expect(alarm('after', 'rejected', { judges: 'alert' })).toEqual({
    alerts: [['escalation', 'an escalated alert was judged afterwards and rejected']],
    violations: ['ESCALATION'],
  });
  expect(alarm('after', 'expired', { judges: 'alert', step: 'timeout' })).toEqual({
    alerts: [['escalation', 'nobody judged an escalated alert in time']],
    violations: ['ESCALATION'],
  });
});
