import * as errors from '../../../sdk/compliance/src/errors.ts';

const { MastGuardError, ...specific } = errors;

test('there are nine kinds over the one', () => {
  expect(Object.keys(specific)).toHaveLength(9);
  for (const Kind of Object.values(specific)) expect(Object.getPrototypeOf(Kind)).toBe(MastGuardError);
});

test.each(Object.entries(specific))('a %s is one of its kind and of no other', (name, Kind) => {
  const error = new Kind('text');
  expect([error.name, String(error), error instanceof MastGuardError, error instanceof Error]).toEqual([name, `${name}: text`, true, true]);
  const kinds = Object.entries(specific).filter(([, Other]) => error instanceof Other);
  expect(kinds.map(([other]) => other)).toEqual([name]);
});

test('what only looks like one is none', () => {
  const values: unknown[] = [undefined, null, 'MastGuardError', { name: 'MastGuardError' }, new Error('MastGuardError')];
  for (const value of values) expect(value instanceof MastGuardError).toBe(false);
});

test('a class that is derived from one is told from its parent', () => {
  class Own extends errors.MastGuardConflictError {}
  const own = new Own('text');
  expect([own instanceof Own, own instanceof errors.MastGuardConflictError, own instanceof MastGuardError]).toEqual([true, true, true]);
  expect(new errors.MastGuardConflictError('text') instanceof Own).toBe(false);
});

test('the cause is kept, and headers are not part of what is logged', () => {
  const cause = new Error('below');
  const error = new MastGuardError('text', { cause, headers: new Headers({ 'set-cookie': 'a=b' }) });
  expect([error.cause, error.headers?.get('set-cookie'), Object.keys(error)]).toEqual([cause, 'a=b', expect.not.arrayContaining(['headers', 'name'])]);
});
