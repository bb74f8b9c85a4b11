import * as fc from 'fast-check';
import { recordId } from '../../db/record-id.ts';

describe('recordId', () => {
  test('is a UUID of version 5 and the RFC variant', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), (parts) => {
        expect(recordId(...parts)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      }),
    );
  });

  test('stays what it was: recorded ids depend on it', () => {
    expect(recordId('00000000-0000-0000-0000-000000000001', 'event', 'evt_1')).toBe('95b88dd7-9153-5668-b980-b207609e6007');
  });

  test('the border between parts counts', () => {
    expect(recordId('a', 'bc')).not.toBe(recordId('ab', 'c'));
    expect(recordId('a', 'b')).not.toBe(recordId('a', 'b', ''));
  });
});
