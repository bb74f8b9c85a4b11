import { readOptions, UsageError } from '../../../cli/replay/options.ts';

test('a file alone is enough', () => {
  expect(readOptions(['a.jsonl'])).toEqual({
    file: 'a.jsonl',
    format: 'auto',
    concurrency: 8,
    limit: Infinity,
    prefix: 'replay-',
    url: undefined,
    key: undefined,
    json: false,
  });
});

test('every option is read, and tau means sessions', () => {
  const argv = ['--format', 'tau', '--concurrency=2', 'a.gz', '--limit', '10', '--prefix', 'x:', '--url', 'http://localhost:1', '--key', 'k', '--json'];
  expect(readOptions(argv)).toEqual({
    file: 'a.gz',
    format: 'sessions',
    concurrency: 2,
    limit: 10,
    prefix: 'x:',
    url: 'http://localhost:1',
    key: 'k',
    json: true,
  });
});

test.each([
  [[]],
  [['a', 'b']],
  [['a', '--format', 'csv']],
  [['a', '--format', 'toString']],
  [['a', '--concurrency', '0']],
  [['a', '--concurrency', '1.5']],
  [['a', '--limit', 'many']],
  [['a', '--prefix', 'with space']],
  [['a', '--unknown']],
])('%j is refused as a wrong command line', (argv) => {
  expect(() => readOptions(argv)).toThrow(UsageError);
});
