import * as fc from 'fast-check';
import { plainKey, walkArgs, walkNodes } from '../../../core/detection/walk-args.ts';
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

  it('stands any depth and leaves nothing out, however much stands before it', () => {
    let deep: Json = 'end';
    for (let level = 0; level < 20_000; level += 1) deep = [deep];
    expect(walkArgs(deep, '').at(-1)?.value).toBe('end');
    const padded: Json = { pad: Array.from({ length: 32_000 }, () => 0), last: 'end' };
    expect(walkArgs(padded, '').at(-1)).toMatchObject({ pointer: '/last', value: 'end' });
  });

  it('gives objects too where the keys of all values are asked for', () => {
    expect(walkNodes({ a: { b: {} } }, '').map(({ pointer, rawKey }) => [pointer, rawKey])).toEqual([
      ['', ''],
      ['/a', 'a'],
      ['/a/b', 'b'],
    ]);
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
