import { duration, momentOf, timeAgo, timeLeft } from '../../../api/pages/time.ts';

describe('time', () => {
  it.each([
    [0, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [3_600_000, '1 h'],
    [7_500_000, '2 h 5 min'],
    [90_000_000, '1 d 1 h'],
    [86_460_000, '1 d'],
  ])('%i ms are told as %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it('tells what is left, what is overdue and what is past', () => {
    expect(timeLeft(new Date(61_000), 0)).toBe('1 min 1 s left');
    expect(timeLeft(new Date(0), 180_000)).toBe('overdue by 3 min');
    expect(timeAgo(new Date(0), 2_000)).toBe('2 s ago');
    expect(timeAgo(new Date(2_000), 0)).toBe('0 s ago');
  });

  it('gives a moment for machines and for readers, in UTC', () => {
    expect(momentOf('2026-05-09T23:30:05.250-02:00')).toEqual({ iso: '2026-05-10T01:30:05.250Z', text: '2026-05-10 01:30:05', day: '2026-05-10' });
  });
});
