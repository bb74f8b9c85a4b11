import * as fc from 'fast-check';
import { jsonOf, toArguments } from '../../../sdk/agent/src/json-of.ts';

describe('jsonOf', () => {
  it('is what JSON makes of any value that JSON can write', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => expect(jsonOf(value)).toEqual(JSON.parse(JSON.stringify(value)))));
  });

  it('reads what JSON cannot write as far as it goes', () => {
    const cycle: Record<string, unknown> = { name: 'a', amount: 10n, run: () => 1, at: Number.NaN };
    cycle['self'] = cycle;
    cycle['list'] = [cycle];
    Object.defineProperty(cycle, 'broken', {
      enumerable: true,
      get() {
        throw new Error('unreadable');
      },
    });
    expect(jsonOf(cycle)).toEqual({ name: 'a', amount: '10', run: null, at: null, self: '[…]', list: ['[…]'], broken: null });
    expect(jsonOf(undefined)).toBeNull();
  });

  it('holds no half of a surrogate pair, which no event may', () => {
    expect(jsonOf({ a: 'x\ud800y', b: ['\\ud800', '😀'] })).toEqual({ a: 'x\uFFFDy', b: ['\\ud800', '😀'] });
  });

  it('stops in a value without end', () => {
    const endless = (): unknown => ({
      big: 1n,
      get next() {
        return endless();
      },
    });
    expect(JSON.stringify(jsonOf(endless()))).toContain('[…]');
  });
});

describe('toArguments', () => {
  it('takes the one object of a call as it is, and anything else by its place', () => {
    expect(toArguments({ order: 'A', at: new Date(0) })).toEqual({ order: 'A', at: '1970-01-01T00:00:00.000Z' });
    expect(toArguments('a', { b: 1 })).toEqual({ 0: 'a', 1: { b: 1 } });
    expect(toArguments(['a'])).toEqual({ 0: ['a'] });
    expect(toArguments()).toEqual({});
  });
});
