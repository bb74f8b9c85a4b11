import { readJson, readObject } from '../../../../core/ledger/verify/read-json.ts';

describe('readJson', () => {
  test.each([
    ['[', ']'],
    ['{"a":', '}'],
  ])('takes 100 levels of %s and no more', (open, close) => {
    const nested = (levels: number): string => `${open.repeat(levels)}1${close.repeat(levels)}`;
    expect(readJson(nested(100))).toBeDefined();
    expect(readJson(nested(101))).toBeUndefined();
    expect(readJson(nested(100_000))).toBeUndefined();
  });

  test('brackets side by side, or inside of strings, are no levels', () => {
    expect(readJson(`[${Array.from({ length: 300 }, () => '[]').join(',')}]`)).toHaveLength(300);
    const text = `${'['.repeat(200)}\\"${'{'.repeat(200)}`;
    expect(readJson(`["${text}"]`)).toEqual([`${'['.repeat(200)}"${'{'.repeat(200)}`]);
  });

  test.each(['', '{', 'NaN', 'undefined', "{'a':1}", '{"a":1}x', '\ufeff{}'])('%j is no JSON', (text) => {
    expect(readJson(text)).toBeUndefined();
  });
});

describe('readObject', () => {
  test.each([undefined, '', ' {}', '{} ', '{}\r', '[]', '1', 'null', '"{}"'])('%j is no object on a line', (line) => {
    expect(readObject(line)).toBeUndefined();
  });

  test('of two members of one name the last counts', () => {
    expect(readObject('{"a":1,"a":2}')).toEqual({ a: 2 });
  });
});
