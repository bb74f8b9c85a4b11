const source: string = '../../scripts/lib/progress.mjs';
interface Progress {
  update(step: string, detail?: string): void;
  line(text: string): void;
  clear(): void;
}
const {
  createProgress,
  downloadDetail,
  isLive,
}: {
  readonly createProgress: (options: { stream: { write: (text: string) => unknown }; live: boolean }) => Progress;
  readonly downloadDetail: (receivedBytes: number, totalBytes: number) => string;
  readonly isLive: (stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv) => boolean;
} = await import(source);

function recorded(live: boolean) {
  const written: string[] = [];
  return { written, progress: createProgress({ stream: { write: (text) => written.push(text) }, live }) };
}

test('away from a terminal a step is one plain line, however often its percentage changes', () => {
  const { written, progress } = recorded(false);
  for (const detail of ['', '1 %', '50 %', '100 %']) progress.update('downloading', detail);
  progress.update('building');
  progress.line('done');
  expect(written.join('')).toBe('downloading\nbuilding\ndone\n');
});

test('on a terminal the line is rewritten in place and cleared before a lasting line', () => {
  const { written, progress } = recorded(true);
  progress.update('downloading', '1 %');
  progress.update('downloading', '2 %');
  progress.line('done');
  const erase = '\r\u001b[2K';
  expect(written).toEqual([`${erase}downloading 1 %`, `${erase}downloading 2 %`, erase, 'done\n']);
});

test('a download of known size shows percent, one of unknown size its bytes', () => {
  expect(downloadDetail(50, 200)).toBe('25 %');
  expect(downloadDetail(300, 200)).toBe('100 %');
  expect(downloadDetail(3 * 1_048_576, 0)).toBe('3.0 MiB');
});

test('CI and dumb terminals get plain lines', () => {
  expect(isLive({ isTTY: true }, {})).toBe(true);
  expect(isLive({ isTTY: true }, { CI: 'true' })).toBe(false);
  expect(isLive({ isTTY: true }, { TERM: 'dumb' })).toBe(false);
  expect(isLive({}, {})).toBe(false);
});
