import { isPathArg, isUrlArg } from '../../../core/detection/argument-kinds.ts';
import { walkArgs } from '../../../core/detection/walk-args.ts';

const leaves = walkArgs(
  { file_path: '/srv/a', body: 'see https://example.com', target: 'https://example.com/x', host: 'example.com', path: 'https://example.com', link: 'none' },
  '',
);

describe('argument kinds', () => {
  it('takes path-like names for paths, unless they hold a URL', () => {
    expect(leaves.filter(isPathArg).map(({ rawKey }) => rawKey)).toEqual(['file_path']);
  });

  it('takes whole URLs and host-like names for hosts, not text that mentions a URL', () => {
    expect(leaves.filter(isUrlArg).map(({ rawKey }) => rawKey)).toEqual(['target', 'host', 'path']);
  });
});
