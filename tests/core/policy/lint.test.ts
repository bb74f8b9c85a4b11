import { lintPolicy } from '../../../core/policy/lint.ts';
import type { ReviewPolicy } from '../../../schemas/review-policy.ts';
import { rule, setOf } from './rules.ts';

const pointersOf = (...rules: Parameters<typeof setOf>): string[] => lintPolicy(setOf(...rules)).map((issue) => issue.pointer);

describe('lintPolicy', () => {
  test('a sound set has no issues', () => {
    expect(
      pointersOf(
        rule('a', { when: { actions: ['x'] } }),
        rule('b', { when: { actions: ['y'] }, effect: 'hitl', review: { levels: [{ reviewers: { roles: ['Owner'] }, withinMs: 1000 }] } }),
      ),
    ).toEqual([]);
  });

  test('points at every repeated id', () => {
    expect(pointersOf(rule('a', { when: { actions: ['x'] } }), rule('a', { when: { actions: ['y'] } }), rule('a', { when: { actions: ['z'] } }))).toEqual([
      '/rules/1/id',
      '/rules/2/id',
    ]);
  });

  test('points at a review that no effect opens', () => {
    expect(pointersOf(rule('a', { effect: 'block', review: { levels: [{ reviewers: { roles: ['Owner'] }, withinMs: 1000 }] } }))).toEqual(['/rules/0/review']);
  });

  test('points at a report that is asked of an action that never happens', () => {
    const attestWithinMs = 60_000;
    expect(
      pointersOf(rule('a', { effect: 'block', attestWithinMs, when: { actions: ['x'] } }), rule('b', { attestWithinMs, when: { actions: ['y'] } })),
    ).toEqual(['/rules/0/attestWithinMs']);
  });

  test('points into the reviews of rules and of the set', () => {
    const review: ReviewPolicy = { levels: [{ reviewers: { roles: ['Owner'] }, separation: ['Admin'], withinMs: 1000 }] };
    const issues = lintPolicy({ rules: [rule('a', { effect: 'hitl', review })], defaultReview: review });
    expect(issues.map((issue) => issue.pointer)).toEqual(['/rules/0/review/levels/0/separation/0', '/defaultReview/levels/0/separation/0']);
  });

  test('points at bad conditions and says where in them', () => {
    const issues = lintPolicy(
      setOf(rule('a', { when: { actions: ['x'], condition: 'event.id ==' } }), rule('b', { when: { actions: ['y'], condition: '1 + 1' } })),
    );
    expect(issues.map((issue) => issue.pointer)).toEqual(['/rules/0/when/condition', '/rules/1/when/condition']);
    expect(issues[0]?.detail).toMatch(/line 1, column \d+/);
    expect(issues[1]?.detail).toMatch(/bool/);
  });

  describe('a rule that never decides', () => {
    const when = { agents: ['a1'], actions: ['send_email'], categories: ['Action' as const], condition: 'session.untrusted' };

    test.each([
      ['unconditional and wider in everything', {}],
      ['as wide, with the same condition', when],
      ['wider by prefix', { actions: ['send_*'], agents: ['a*'] }],
      ['wider by list', { actions: ['x', 'send_email'], categories: ['Time' as const, 'Action' as const], condition: 'session.untrusted' }],
    ])('is found below a rule that is %s', (_name, wide) => {
      expect(pointersOf(rule('low', { when }), rule('high', { priority: 1, when: wide }))).toEqual(['/rules/0']);
    });

    test.each([
      ['has another condition', { condition: 'session.private' }],
      ['has another action', { actions: ['send'] }],
      ['has another agent', { agents: ['a2', 'b*'] }],
      ['asks for other findings', { categories: ['Time' as const] }],
      ['asks for a detector as well', { detectors: ['act.scope' as const] }],
    ])('is not claimed where the rule before it %s', (_name, narrow) => {
      expect(pointersOf(rule('low', { when }), rule('high', { priority: 1, when: narrow }))).toEqual([]);
    });

    test('in one priority the stricter effect stands first, then the one written first', () => {
      expect(pointersOf(rule('a', { effect: 'alert' }), rule('b', { effect: 'block' }))).toEqual(['/rules/0']);
      expect(pointersOf(rule('a', { effect: 'block' }), rule('b', { effect: 'alert' }))).toEqual(['/rules/1']);
      expect(pointersOf(rule('a'), rule('b'))).toEqual(['/rules/1']);
    });

    test('a condition narrows: the wider rule below stays reachable', () => {
      expect(pointersOf(rule('a', { priority: 1, when: { condition: 'session.egress' } }), rule('b'))).toEqual([]);
    });

    test.each([
      ['runs out before', '2030-01-01T00:00:00Z', undefined, []],
      ['runs out a moment before', '2030-01-01T00:00:00Z', '2030-01-01T01:00:00.001+01:00', []],
      ['runs out when', '2030-01-01T00:00:00Z', '2030-01-01T01:00:00+01:00', ['/rules/1']],
      ['does not run out and', undefined, '2030-01-01T00:00:00Z', ['/rules/1']],
    ])('a wider rule that %s it does', (_name, wide, narrow, pointers) => {
      const until = (expiresAt: string | undefined): { expiresAt?: string } => (expiresAt === undefined ? {} : { expiresAt });
      expect(pointersOf(rule('wide', { priority: 1, ...until(wide) }), rule('narrow', { when, ...until(narrow) }))).toEqual(pointers);
    });

    test('is found among rules filed by agent', () => {
      const many = Array.from({ length: 20 }, (_, at) => rule(`r${at}`, { when: { actions: ['x'], agents: [`a${at}`] } }));
      expect(pointersOf(...many, rule('again', { when: { actions: ['x'], agents: ['a7'] } }))).toEqual(['/rules/20']);
    });
  });

  test('finds nothing in 1,000 rules that differ, on one action or on many', () => {
    const spread = Array.from({ length: 1000 }, (_, at) =>
      rule(`r${at}`, { when: { actions: [`act${at % 100}`], agents: [`agent${Math.floor(at / 100)}*`] } }),
    );
    const crowded = Array.from({ length: 1000 }, (_, at) => rule(`r${at}`, { when: { actions: ['x'], condition: `event.id == "${at}"` } }));
    const wide = Array.from({ length: 1000 }, (_, at) =>
      rule(`r${at}`, { when: { agents: Array.from({ length: 50 }, (_unused, agent) => `a${at}-${agent}*`) } }),
    );
    for (const rules of [spread, crowded, wide]) expect(lintPolicy({ rules })).toEqual([]);
  });
});
