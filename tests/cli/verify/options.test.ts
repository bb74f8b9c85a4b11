import { readOptions, UsageError } from '../../../cli/verify/options.ts';

describe('readOptions', () => {
  test('a directory alone', () => {
    expect(readOptions(['export'])).toEqual({ mode: 'export', directory: 'export', receipts: undefined, anchors: undefined, vkeys: [], json: false });
  });

  test('everything that goes with a directory, keys as often as they are given', () => {
    const argv = ['export', '--receipts', 'r', '--anchors', 'a', '--vkey', 'k1', '--vkey', 'k2', '--json'];
    expect(readOptions(argv)).toEqual({ mode: 'export', directory: 'export', receipts: 'r', anchors: 'a', vkeys: ['k1', 'k2'], json: true });
  });

  test('a proof with its entry and its body', () => {
    const argv = ['--proof', 'p', '--entry', 'e', '--body', 'b', '--vkey', 'k'];
    expect(readOptions(argv)).toEqual({ mode: 'proof', proof: 'p', entry: 'e', body: 'b', vkeys: ['k'], json: false });
  });

  test.each([
    [[]],
    [['one', 'two']],
    [['--proof', 'p']],
    [['--entry', 'e']],
    [['export', '--proof', 'p', '--entry', 'e']],
    [['export', '--body', 'b']],
    [['--proof', 'p', '--entry', 'e', '--receipts', 'r']],
    [['export', '--vkey']],
    [['export', '--unknown']],
  ])('%j is no command line', (argv) => {
    expect(() => readOptions(argv)).toThrow(UsageError);
  });
});
