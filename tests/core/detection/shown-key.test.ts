import { shownKey, shownPointer } from '../../../core/detection/shown-key.ts';
import { walkArgs } from '../../../core/detection/walk-args.ts';

test.each(['to', 'filePath', 'c/d', 'x-header', 'naïve', '$filter', 'a.b', '0', '12345'])('%s is a name and is shown', (key) => {
  expect(shownKey(key)).toBe(key);
});

test.each(['ann@example.com', 'Ann Example', '+49301234567', 'id_4711081512', '', 'x'.repeat(65), '123456', 'a\nb', '<b>'])(
  '%j is content and is not shown',
  (key) => {
    expect(shownKey(key)).toBe('…');
  },
);

test('a pointer keeps its shape', () => {
  expect(shownPointer('/to/ann@example.com/0/a~1b')).toBe('/to/…/0/a~1b');
  expect(walkArgs({ balances: { 'ann@example.com': 1 } }, '/tool/args').map(({ pointer }) => pointer)).toEqual(['/tool/args/balances/…']);
});
