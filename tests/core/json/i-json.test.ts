import * as fc from 'fast-check';
import { findIJsonViolation } from '../../../core/json/i-json.ts';

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function written(key: string, escape: boolean): string {
  if (!escape) return JSON.stringify(key);
  return `"${Array.from({ length: key.length }, (_, at) => `\\u${key.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`;
}

describe('findIJsonViolation', () => {
  test.each([
    '{}',
    '[]',
    ' {"a": [1, -0, 0.5, 1e3, true, false, null, "x"]}\r\n\t',
    '"\\ud83d\\ude00"',
    '"\ud83d\ude00"',
    '"\\ud83d\ude00"',
    '-0',
    '-0.0',
    '9007199254740991',
    '-9007199254740991',
    '1e300',
    '1e-400',
    '{"a":{"a":1},"b":{"a":1}}',
    '{"__proto__":1,"constructor":2}',
    nested(64),
  ])('finds nothing in %j', (text) => {
    expect(findIJsonViolation(text)).toBeNull();
  });

  test.each([
    ['{"a":1,"b":2,"a":3}', 'duplicate-key', '/a'],
    ['{"a":1,"\\u0061":3}', 'duplicate-key', '/a'],
    ['{"x":[{"a/b":1,"a~b":2,"a\\/b":3}]}', 'duplicate-key', '/x/0/a~1b'],
    ['{"__proto__":1,"__proto__":2}', 'duplicate-key', '/__proto__'],
    ['{"":1,"":2}', 'duplicate-key', '/'],
    ['{"a":"\\ud800"}', 'lone-surrogate', '/a'],
    ['{"a":["x","\udc00"]}', 'lone-surrogate', '/a/1'],
    ['"\\ude00\\ud83d"', 'lone-surrogate', ''],
    ['"\\ud83dx"', 'lone-surrogate', ''],
    ['"\\ud83d\\ud83d\\ude00"', 'lone-surrogate', ''],
    ['{"a":{"\\ud83d":1}}', 'lone-surrogate', '/a'],
    ['[9007199254740992]', 'unsafe-integer', '/0'],
    ['-9007199254740993', 'unsafe-integer', ''],
    ['1e20', 'unsafe-integer', ''],
    [`1${'0'.repeat(400)}`, 'unsafe-integer', ''],
    ['{"n":1e400}', 'number-range', '/n'],
    ['-1E+400', 'number-range', ''],
    [nested(65), 'too-deep', '/0'.repeat(64)],
  ])('finds in %j the violation %s at %j', (text, code, pointer) => {
    expect(findIJsonViolation(text)).toMatchObject({ code, pointer });
  });

  test.each([
    '',
    ' ',
    '{',
    '{"a"}',
    '{"a":1,}',
    '[1,]',
    '[1 2]',
    '01',
    '-',
    '1.',
    '.5',
    '+1',
    '1e',
    'tru',
    'nulll',
    "'a'",
    '"a',
    '"\\x"',
    '"\\u12g4"',
    '"\n"',
    '{a:1}',
    '1 2',
    '\ufeff1',
    'NaN',
    '[}',
    '\u00a01',
    '"\\',
  ])('calls %j a syntax error, as JSON.parse does', (text) => {
    expect(findIJsonViolation(text)?.code).toBe('syntax');
    expect(parses(text)).toBe(false);
  });

  test('quotes nothing of the text in its detail', () => {
    for (const text of ['{"secret":1,"secret":2}', '"secret\\ud800"', '[90071992547409931234]', '{"a":secret}']) {
      expect(findIJsonViolation(text)?.detail).not.toMatch(/secret|9007199254740993/);
    }
  });

  test('accepts whatever JSON.stringify writes, unless a number is out of range or nesting too deep', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const violation = findIJsonViolation(JSON.stringify(value));
        expect([undefined, 'unsafe-integer', 'too-deep']).toContain(violation?.code);
      }),
    );
  });

  test('agrees with JSON.parse on what is JSON, over arbitrary edits of JSON text', () => {
    const edit = fc.record({
      at: fc.nat(),
      cut: fc.nat(3),
      insert: fc.constantFrom('', '"', '{', '}', '[', ']', ',', ':', '\\', '\\u', 'd800', '0', '-', 'e9', '.', ' ', '\n', 'null'),
    });
    fc.assert(
      fc.property(fc.json({ stringUnit: 'binary' }), fc.array(edit, { maxLength: 3 }), (json, edits) => {
        let text = json;
        for (const { at, cut, insert } of edits) {
          const from = at % (text.length + 1);
          text = text.slice(0, from) + insert + text.slice(from + cut);
        }
        const violation = findIJsonViolation(text);
        if (violation === null) expect(parses(text)).toBe(true);
        if (violation?.code === 'syntax') expect(parses(text)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  test('finds every repeated key, however it is written', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 8 }), fc.nat(), fc.boolean(), (keys, pick, escape) => {
        const members = keys.map((key) => `${written(key, false)}:1`);
        expect(findIJsonViolation(`{${members.join(',')}}`)).toBeNull();
        const again = keys[pick % keys.length] ?? '';
        expect(findIJsonViolation(`{${members.join(',')},${written(again, escape)}:2}`)?.code).toBe('duplicate-key');
      }),
    );
  });

  test('finds a lone surrogate exactly where the parsed string has one', () => {
    const unit = fc.oneof(fc.integer({ min: 0xd800, max: 0xdfff }), fc.integer({ min: 0x20, max: 0x7e }));
    fc.assert(
      fc.property(fc.array(fc.tuple(unit, fc.boolean()), { maxLength: 8 }), (units) => {
        const body = units
          .map(([code, escape]) => (escape || code === 0x22 || code === 0x5c ? `\\u${code.toString(16).padStart(4, '0')}` : String.fromCharCode(code)))
          .join('');
        const isLone = /\p{Surrogate}/u.test(String.fromCharCode(...units.map(([code]) => code)));
        expect(findIJsonViolation(`"${body}"`)?.code).toBe(isLone ? 'lone-surrogate' : undefined);
      }),
    );
  });

  // A pass that were not linear would run into the time-out.
  test('comes to an end on long strings, long numbers and many keys', () => {
    const long = [
      `"${'a'.repeat(600_000)}"`,
      `"${'\\u0041'.repeat(100_000)}"`,
      `0.${'1'.repeat(600_000)}`,
      `{${Array.from({ length: 60_000 }, (_, at) => `"k${at}":1`).join(',')}}`,
      `${' '.repeat(600_000)}1`,
    ];
    for (const text of long) expect(findIJsonViolation(text)).toBeNull();
  });
});
