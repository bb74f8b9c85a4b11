import * as fc from 'fast-check';
import { canonicalize } from '../../../core/json/canonical.ts';
import { findIJsonViolation } from '../../../core/json/i-json.ts';
import type { Json } from '../../../schemas/json.ts';

const wellFormed = fc.string({ unit: 'binary' });
const anyJson: fc.Arbitrary<Json> = fc.jsonValue({ stringUnit: 'binary' }).map((value) => parse(JSON.stringify(value)));

const parse = (text: string): Json => JSON.parse(text);

/** IEEE 754 bits as hex to the number they stand for, as RFC 8785 appendix B lists its samples. */
function fromBits(hex: string): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${hex}`));
  return view.getFloat64(0);
}

describe('canonicalize', () => {
  test.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('writes the double %s of RFC 8785 appendix B as %s', (bits, text) => {
    expect(canonicalize(fromBits(bits))).toBe(text);
  });

  test('sorts the keys of RFC 8785 section 3.2.3 by UTF-16 code unit', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    const order = [...canonicalize(value).matchAll(/:"([^"]*)"/g)].map((match) => match[1]);
    expect(order).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });

  test('gives the text of the sample in RFC 8785 section 3.2.2', () => {
    const sample = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`;
    expect(canonicalize(parse(sample))).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  test('refuses lone surrogates in values and keys, and numbers that are not finite', () => {
    for (const value of ['\ud800', 'a\udc00b', { '\ud83d': 1 }, ['\ude00\ud83d'], NaN, Infinity, [-Infinity]]) {
      expect(() => canonicalize(value)).toThrow(RangeError);
    }
  });

  test('parses back to the same value', () => {
    fc.assert(fc.property(anyJson, (value) => expect(JSON.parse(canonicalize(value))).toEqual(value)));
  });

  test('does not depend on the order in which keys were set, and orders them by code unit', () => {
    fc.assert(
      fc.property(fc.uniqueArray(wellFormed, { maxLength: 12 }), (keys) => {
        const usable = keys.filter((key) => key !== '__proto__');
        const forwards = Object.fromEntries(usable.map((key) => [key, 0]));
        const backwards = Object.fromEntries(usable.toReversed().map((key) => [key, 0]));
        const text = canonicalize(forwards);
        expect(text).toBe(canonicalize(backwards));
        const expected = usable.toSorted((a, b) => compareUnits(a, b)).map((key) => `${JSON.stringify(key)}:0`);
        expect(text).toBe(`{${expected.join(',')}}`);
      }),
    );
  });

  test('is a fixed point, and I-JSON stays I-JSON', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        const text = canonicalize(value);
        expect(canonicalize(parse(text))).toBe(text);
        if (findIJsonViolation(JSON.stringify(value)) === null) expect(findIJsonViolation(text)).toBeNull();
      }),
    );
  });
});

function compareUnits(a: string, b: string): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    if (a.charCodeAt(at) !== b.charCodeAt(at)) return a.charCodeAt(at) - b.charCodeAt(at);
  }
  return a.length - b.length;
}
