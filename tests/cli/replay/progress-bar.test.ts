import { createProgressBar } from '../../../cli/replay/progress-bar.ts';

function watch(live: boolean, columns = 80) {
  const clock = { ms: 0 };
  const written: string[] = [];
  const bar = createProgressBar({ stream: { write: (text: string) => written.push(text), columns }, live, nowMs: () => clock.ms });
  return { clock, written, bar };
}

test('a terminal shows one line that is rewritten and never wider than it', () => {
  const { clock, written, bar } = watch(true, 30);
  bar.update(0, 0);
  clock.ms = 1_000;
  bar.update(0.5, 100);
  expect(written).toHaveLength(2);
  for (const text of written) {
    expect(text.startsWith('\r\u001b[2K[')).toBe(true);
    expect(text.slice(5).length).toBeLessThan(30);
  }
});

test('elsewhere a plain line appears now and then', () => {
  const { clock, written, bar } = watch(false);
  for (clock.ms = 0; clock.ms <= 11_000; clock.ms += 50) bar.update(clock.ms / 11_000, clock.ms / 10);
  expect(written).toEqual(['45 %, 500 events, 100/s\n', '90 %, 1000 events, 100/s\n']);
});

test('a message clears the bar first', () => {
  const { written, bar } = watch(true);
  bar.update(0.2, 1);
  bar.line('line 3: is not JSON');
  expect(written.slice(1)).toEqual(['\r\u001b[2K', 'line 3: is not JSON\n']);
});
