import * as fc from 'fast-check';
import { deputiesOf, matches, type Reviewer, type Seat, seatFor, seatsOf, type Standing } from '../../../core/hitl/electorate.ts';
import { delegated, member, only, standing } from './ladders.ts';

const REVIEWERS = { roles: ['Reviewer' as const] };
const seats = (over: Partial<Standing>): Record<string, readonly string[]> =>
  Object.fromEntries(seatsOf(REVIEWERS, standing(over)).map(({ holder, deputies }) => [holder.memberId, deputies]));

test('a level may be decided by user, by role or by group, and by nobody else', () => {
  const eve = member('eve', 'Viewer', 'finance');
  expect(matches({ users: ['eve'] }, eve)).toBe(true);
  expect(matches({ groups: ['finance'] }, eve)).toBe(true);
  expect(matches({ roles: ['Owner'] }, member('eve', 'Owner'))).toBe(true);
  expect(matches({ users: ['ann'], roles: ['Reviewer'], groups: ['board'] }, eve)).toBe(false);
  expect(matches({ roles: ['Reviewer'] }, member('eve', null))).toBe(false);
  expect(matches({}, member('eve', 'Owner'))).toBe(false);
});

describe('deputiesOf', () => {
  test('follows chains, nearest first', () => {
    expect(deputiesOf('ann', delegated('bob>cyd', 'ann>bob', 'ann>ada', 'cyd>oda'))).toEqual(['bob', 'ada', 'cyd', 'oda']);
  });

  test('a loop ends where it began, and nobody is their own deputy', () => {
    expect(deputiesOf('ann', delegated('ann>bob', 'bob>cyd', 'cyd>ann'))).toEqual(['bob', 'cyd']);
    expect(deputiesOf('ann', delegated('ann>ann'))).toEqual([]);
  });
});

describe('seatsOf', () => {
  test('every member who matches has one seat', () => {
    expect(seats({})).toEqual({ ann: [], bob: [], cyd: [] });
  });

  test('a delegation lets a member of another role sit in for the holder', () => {
    expect(seats({ delegations: delegated('ann>ada', 'ada>oda') })).toEqual({ ann: ['ada', 'oda'], bob: [], cyd: [] });
  });

  test('the requester has no seat, and nobody sits in for them', () => {
    expect(seats({ excluded: ['ann'], delegations: delegated('ann>ada') })).toEqual({ bob: [], cyd: [] });
  });

  test('the requester sits in for nobody', () => {
    expect(seats({ excluded: ['ann'], delegations: delegated('bob>ann') })).toEqual({ bob: [], cyd: [] });
  });

  test('no chain leads through the requester, who would choose the deputy', () => {
    expect(seats({ excluded: ['ann'], delegations: delegated('bob>ann', 'ann>ada') })).toEqual({ bob: [], cyd: [] });
    expect(seats({ excluded: ['ada'], delegations: delegated('bob>ada', 'ada>alf', 'bob>oda', 'oda>otto') })).toEqual({
      ann: [],
      bob: ['oda', 'otto'],
      cyd: [],
    });
  });

  test('no chain leads to or through somebody who is gone', () => {
    expect(seats({ members: only('ann', 'oda'), delegations: delegated('ann>ada', 'ada>oda') })).toEqual({ ann: [] });
  });

  test('a loop of delegations gives every holder the others, and the requester nothing', () => {
    const loop = delegated('ann>bob', 'bob>cyd', 'cyd>ann');
    expect(seats({ delegations: loop })).toEqual({ ann: ['bob', 'cyd'], bob: ['cyd', 'ann'], cyd: ['ann', 'bob'] });
    expect(seats({ delegations: loop, excluded: ['ann'] })).toEqual({ bob: ['cyd'], cyd: [] });
  });

  test('whatever the delegations, taking away those that touch the excluded changes nothing', () => {
    const ids = ['ann', 'bob', 'cyd', 'ada', 'oda'];
    const anyId = fc.constantFrom(...ids);
    fc.assert(
      fc.property(fc.array(fc.record({ from: anyId, to: anyId }), { maxLength: 8 }), fc.subarray(ids), (delegations, excluded) => {
        const untouched = delegations.filter(({ from, to }) => !excluded.includes(from) && !excluded.includes(to));
        const given = seats({ delegations, excluded });
        expect(given).toEqual(seats({ delegations: untouched, excluded }));
        for (const id of excluded) expect([...Object.keys(given), ...Object.values(given).flat()]).not.toContain(id);
      }),
    );
  });
});

describe('seatFor', () => {
  const seat = (id: string, ...deputies: string[]): Seat => ({ holder: member(id) satisfies Reviewer, deputies });
  const holderOf = (found: Seat | null): string | null => found?.holder.memberId ?? null;

  test('a member takes their own seat, even where they could sit in for somebody else', () => {
    expect(holderOf(seatFor([seat('ann', 'bob'), seat('bob')], 'bob', new Set()))).toBe('bob');
    expect(holderOf(seatFor([seat('ann', 'bob'), seat('bob', 'ada')], 'bob', new Set(['bob'])))).toBe('bob');
  });

  test('a deputy takes the first seat that is free', () => {
    const both = [seat('ann', 'ada'), seat('bob', 'ada')];
    expect(holderOf(seatFor(both, 'ada', new Set()))).toBe('ann');
    expect(holderOf(seatFor(both, 'ada', new Set(['ann'])))).toBe('bob');
    expect(seatFor(both, 'ada', new Set(['ann', 'bob']))).toBeNull();
  });

  test('somebody who holds no seat and stands in for nobody has none', () => {
    expect(seatFor([seat('ann', 'ada')], 'oda', new Set())).toBeNull();
  });
});
