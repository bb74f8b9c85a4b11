import * as fc from 'fast-check';
import { decodeCursor, encodeCursor } from '../../api/cursor.ts';
import { HttpProblem } from '../../api/problem.ts';

const refused = (cursor: string, kind: 'string' | 'number' = 'number'): unknown => {
  try {
    return decodeCursor(cursor, kind, { a: 'x' });
  } catch (error) {
    return error instanceof HttpProblem ? error.code : error;
  }
};

describe('cursors', () => {
  it('carry a position from page to page, filters left out counting as absent', () => {
    expect(decodeCursor(encodeCursor(42, { a: 'x', b: undefined }), 'number', { a: 'x' })).toBe(42);
    expect(decodeCursor(encodeCursor('id', {}), 'string', {})).toBe('id');
    expect(decodeCursor(undefined, 'string', {})).toBeUndefined();
  });

  it('of other filters, another kind or another make are refused with 422, whatever they hold', () => {
    expect(refused(encodeCursor(1, { a: 'y' }))).toBe('validation-failed');
    expect(refused(encodeCursor(1, { a: 'x' }), 'string')).toBe('validation-failed');
    expect(refused(encodeCursor(1.5, { a: 'x' }))).toBe('validation-failed');
    expect(refused(encodeCursor(-1, { a: 'x' }))).toBe('validation-failed');
    expect(refused(encodeCursor('a\u0000', { a: 'x' }), 'string')).toBe('validation-failed');
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => refused(text) === 'validation-failed'));
    fc.assert(fc.property(fc.json(), (json) => refused(Buffer.from(json).toString('base64url')) === 'validation-failed'));
  });
});
