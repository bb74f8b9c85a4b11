import * as fc from 'fast-check';
import { lintCalendar } from '../../../core/hitl/business-lint.ts';
import { BusinessCalendar } from '../../../schemas/business-calendar.ts';
import { ALWAYS, anyCase, OFFICE } from './business-calendars.ts';

const pointersOf = (change: Partial<BusinessCalendar>): string[] =>
  lintCalendar(BusinessCalendar.parse({ ...OFFICE, ...change })).map(({ pointer }) => pointer);

describe('lintCalendar', () => {
  it('has nothing to say of a sound calendar', () => {
    expect([OFFICE, ALWAYS].flatMap(lintCalendar)).toEqual([]);
    fc.assert(fc.property(anyCase, ({ calendar }) => expect(lintCalendar(BusinessCalendar.parse(calendar))).toEqual([])));
  });

  it('points at a zone nobody knows', () => {
    expect(pointersOf({ zone: 'Atlantis/Capital' })).toEqual(['/zone']);
    expect(['UTC', 'Asia/Kolkata', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5'].flatMap((zone) => pointersOf({ zone }))).toEqual([]);
  });

  it('points at a calendar that never opens', () => {
    expect(pointersOf({ days: {} })).toEqual(['/days']);
  });

  it('points at spans that do not end after they start', () => {
    const days = { mon: [{ from: '12:00', to: '12:00' }], sat: [{ from: '22:00', to: '06:00' }], sun: [{ from: '22:00', to: '24:00' }] };
    expect(pointersOf({ days })).toEqual(['/days/mon/0', '/days/sat/0']);
  });

  it('points at spans that overlap or are out of order, not at spans that touch', () => {
    const overlapping = [
      { from: '09:00', to: '12:00' },
      { from: '11:59', to: '13:00' },
    ];
    const unsorted = [
      { from: '13:00', to: '17:00' },
      { from: '09:00', to: '12:00' },
    ];
    const touching = [
      { from: '09:00', to: '12:00' },
      { from: '12:00', to: '13:00' },
    ];
    expect(pointersOf({ days: { mon: overlapping, tue: unsorted, wed: touching } })).toEqual(['/days/mon/1', '/days/tue/1']);
  });

  it('points at holidays that are no date, or are named twice', () => {
    expect(pointersOf({ holidays: ['2026-02-29', '2028-02-29', '2026-13-01', '2026-12-25', '2026-00-10', '2028-02-29'] })).toEqual([
      '/holidays/0',
      '/holidays/2',
      '/holidays/4',
      '/holidays/5',
    ]);
    expect(lintCalendar({ ...OFFICE, holidays: ['2026-12-25', '2026-12-25'] })).toEqual([
      { pointer: '/holidays/1', detail: '2026-12-25 also stands at /holidays/0' },
    ]);
  });

  it('leaves shapes to the schema', () => {
    const accepts = (change: object): boolean => BusinessCalendar.safeParse({ ...OFFICE, ...change }).success;
    const span = { from: '09:00', to: '17:00' };
    expect([{}, { days: { sun: [{ from: '00:00', to: '24:00' }] } }, { holidays: [] }].map(accepts)).toEqual([true, true, true]);
    const refused = [
      { zone: '' },
      { zone: '+01:00' },
      { days: { monday: [span] } },
      { days: { mon: [] } },
      { days: { mon: [span, span, span, span, span] } },
      { days: { mon: [{ from: '24:00', to: '24:00' }] } },
      { days: { mon: [{ from: '9:00', to: '17:00' }] } },
      { holidays: ['25.12.2026'] },
      { closed: true },
    ];
    expect(refused.filter(accepts)).toEqual([]);
  });
});
