import * as fc from 'fast-check';
import { canonicalPath, isUnderRoots } from '../../../core/detection/canonical-path.ts';

const under = (path: string): boolean => isUnderRoots(canonicalPath(path), ['/srv/data', '/opt/shared/']);

describe('canonicalPath', () => {
  it('resolves dots, slashes, backslashes and escapes', () => {
    expect(canonicalPath('/srv//data/./a/../b').path).toBe('/srv/data/b');
    expect(canonicalPath('/srv/data/%252e%252e/x').path).toBe('/srv/x');
    expect(canonicalPath('C:\\Users\\..\\x')).toMatchObject({ path: 'c:/x', absolute: true });
    expect(canonicalPath('file:///etc/hosts').path).toBe('/etc/hosts');
  });

  it('never leaves a dot segment or a double slash, and never throws', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('..', '.', '/', '\\', '%2e', '%2f', 'a', '~', '\0', '%'), { maxLength: 30 }), (parts) => {
        expect(canonicalPath(parts.join('')).path.split('/').slice(1)).not.toContain('..');
      }),
    );
  });
});

describe('isUnderRoots', () => {
  it.each(['/srv/data', '/srv/data/a/b', '/opt/shared/x', 'notes/today.txt', '/srv/data/a/../b', '/srv/./data/x'])('accepts %j', (path) => {
    expect(under(path)).toBe(true);
  });

  it.each([
    '/srv/database',
    '/srv/data/../x',
    '/srv/data/%2e%2e/x',
    '/srv/data/..%2fx',
    '..\\x',
    '../x',
    '/etc/hosts',
    '~/x',
    '/srv/data/a\0.txt',
    'C:/x',
    '/srv/data/%c0%ae%c0%ae/x',
    's3://other/x',
    's3:\\\\other\\x',
    'ab://../../etc/hosts',
  ])('refuses %j', (path) => {
    expect(under(path)).toBe(false);
  });

  it.each(['.', './', 'a/..'])('takes the root %j for the place where relative paths start, not for every place', (root) => {
    expect(['notes/today.txt', './x', 'a/../b', '.'].every((path) => isUnderRoots(canonicalPath(path), [root]))).toBe(true);
    expect(['/etc/hosts', '~/x', 'C:/x', '../x', 's3://other/x'].some((path) => isUnderRoots(canonicalPath(path), [root]))).toBe(false);
  });

  it('keeps to the bucket of a root that is one', () => {
    expect(isUnderRoots(canonicalPath('s3://bucket/data/x'), ['s3://bucket/data'])).toBe(true);
    expect(['s3://bucket/x', 's3://bucket/data/../x', '/data/x'].some((path) => isUnderRoots(canonicalPath(path), ['s3://bucket/data']))).toBe(false);
  });
});
