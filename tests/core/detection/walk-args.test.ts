import * as fc from 'fast-check';
import { plainKey, walkArgs } from '../../../core/detection/walk-args.ts';
import { JsonValue, type Json } from '../../../schemas/json.ts';

describe('walkArgs', () => {
  it('gives scalars and arrays in document order with JSON pointers', () => {
    expect(walkArgs({ a: 'x', b: [1, { 'c/d': true }] }, '/args').map(({ pointer }) => pointer)).toEqual(['/args/a', '/args/b', '/args/b/0', '/args/b/1/c~1d']);
  });

  it('gives array elements the key of their array', () => {
    expect(walkArgs({ file_paths: ['x'] }, '').at(-1)).toMatchObject({ key: 'filepaths', value: 'x' });
    expect(plainKey('fileName')).toBe('filename');
  });

  it('masks a secret used as a key', () => {
    const secret = ['gh', 'p_', 'aB3dE6gH9'.repeat(4)].join('');
    expect(JSON.stringify(walkArgs({ [secret]: 1 }, '/args').map(({ pointer }) => pointer))).not.toContain(secret);
  });

  it('stands any depth and stops at 5,000 leaves', () => {
    let deep: Json = 'end';
    for (let level = 0; level < 20_000; level += 1) deep = [deep];
    expect(walkArgs(deep, '').length).toBe(5000);
    expect(
      walkArgs(
        Array.from({ length: 9000 }, () => 1),
        '',
      ).length,
    ).toBe(5000);
  });

  it('never throws on any JSON', () => {
    fc.assert(
      fc.property(
        fc.jsonValue().map((value) => JsonValue.parse(value)),
        (value) => expect(Array.isArray(walkArgs(value, ''))).toBe(true),
      ),
    );
  });
});
