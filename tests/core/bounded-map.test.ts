import * as fc from 'fast-check';
import { createBoundedMap } from '../../core/bounded-map.ts';

describe('createBoundedMap', () => {
  test('forgets the least recently used entry, where reading and writing both count as use', () => {
    const map = createBoundedMap<number>(2);
    map.set('a', 1);
    map.set('b', 2);
    expect(map.get('a')).toBe(1);
    map.set('c', 3);
    expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([1, undefined, 3]);
    map.set('a', 4);
    map.set('d', 5);
    expect([map.get('a'), map.get('c'), map.get('d')]).toEqual([4, undefined, 5]);
  });

  test('a deleted entry is gone and makes room', () => {
    const map = createBoundedMap<number>(1);
    map.set('a', 1);
    map.delete('a');
    map.delete('never');
    expect([map.get('a'), map.size]).toEqual([undefined, 0]);
  });

  test('behaves like a list in order of use, whatever is done to it', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const step = fc.oneof(
      fc.record({ op: fc.constant('get' as const), key }),
      fc.record({ op: fc.constant('set' as const), key, value: fc.integer() }),
      fc.record({ op: fc.constant('delete' as const), key }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 60 }), (maxSize, steps) => {
        const map = createBoundedMap<number>(maxSize);
        let model: [string, number][] = [];
        for (const each of steps) {
          const known = model.find(([name]) => name === each.key);
          const others = model.filter(([name]) => name !== each.key);
          if (each.op === 'get') {
            expect(map.get(each.key)).toBe(known?.[1]);
            if (known !== undefined) model = [...others, known];
          } else if (each.op === 'set') {
            map.set(each.key, each.value);
            model = [...others, [each.key, each.value] satisfies [string, number]].slice(-maxSize);
          } else {
            map.delete(each.key);
            model = others;
          }
          expect(map.size).toBe(model.length);
        }
      }),
    );
  });
});
