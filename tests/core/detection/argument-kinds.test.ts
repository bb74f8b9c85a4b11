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

  it.each([
    ['url', 'postgres://u:p@db.example.com/x'],
    ['url', 'REDISS://u@db.example.com'],
    ['endpoint', 'acme+tls://x'],
    ['url', '//u@example.com/'],
    ['url', '\\\\example.com\\x'],
    ['url', 'example.com/?a=1,2'],
    ['url', 'example.com/?q=a b'],
    ['url', `example.com/?${'q'.repeat(5000)}`],
    ['webhook', 'ann@example.com'],
    ['host', 'postgres'],
    ['hostname', '2852039166'],
    ['dsn', 'mongodb+srv://u:p@db.example.com/x'],
    ['path', 'ssh://git@example.com/x'],
  ])('takes %s %j for a URL', (key, value) => {
    expect(walkArgs({ [key]: value }, '').filter(isUrlArg).length).toBe(1);
  });

  it.each([
    ['to', 'ann@example.com'],
    ['link', 'mailto:ann@example.com'],
    ['link', 'Example, see the manual.'],
    ['host', 'not known yet'],
    ['id', 'gid://shop/Product/1'],
    ['text', 'postgres://db is what the manual says'],
    ['path', 's3://bucket/x'],
    ['path', 'file:///srv/a'],
    ['domain', 'billing'],
  ])('takes %s %j for no URL', (key, value) => {
    expect(walkArgs({ [key]: value }, '').filter(isUrlArg)).toEqual([]);
  });

  it.each(['ab://../../etc/hosts', 's3://other/x', 'file:///srv/a', 'https://../../etc/hosts'])('takes path %j for a path', (path) => {
    expect(walkArgs({ path }, '').filter(isPathArg).length).toBe(1);
  });
});
