import { createHash } from 'node:crypto';
import { fitArguments, shortestArguments } from '../../../sdk/agent/src/fit-arguments.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

test('arguments that fit are left as they are', () => {
  const args = { path: '/a', content: 'x'.repeat(40_000) };
  expect(fitArguments(args)).toMatchObject({ args, texts: [] });
});

test('long texts stand by their digest, are named once each, and come back where they were', () => {
  const long = '文'.repeat(40_000);
  const args = { path: '/a', content: long, edits: [{ oldText: long, newText: 'short' }] };
  const fitted = fitArguments(args);
  const place = `[40000 characters, sha256 ${sha256(long)}]`;
  expect(fitted?.args).toEqual({ path: '/a', content: place, edits: [{ oldText: place, newText: 'short' }] });
  expect(fitted?.texts).toEqual([long]);
  expect(fitted?.restore(fitted.args)).toEqual(args);
});

test('where a reviewer has changed other arguments, the long text is still the one that was governed', () => {
  const long = 'y'.repeat(100_000);
  const fitted = fitArguments({ path: '/a', content: long });
  expect(fitted?.restore({ ...fitted.args, path: '/b' })).toEqual({ path: '/b', content: long });
  expect(fitted?.restore({ path: '/b', content: 'none of it' })).toEqual({ path: '/b', content: 'none of it' });
});

test('a long list of short values stands by its digest as a whole, and what is compared beside it stays', () => {
  const args = { amount: 80, rows: Array.from({ length: 200 }, (_, index) => `${index}`.padEnd(900)) };
  const fitted = fitArguments(args);
  const written = JSON.stringify(args.rows);
  expect(fitted?.args).toEqual({ amount: 80, rows: `[${written.length} characters of JSON, sha256 ${sha256(written)}]` });
  expect(fitted?.texts).toEqual([written]);
  expect(fitted?.restore({ ...fitted.args, amount: 50 })).toEqual({ ...args, amount: 50 });
});

test('too many short arguments do not fit; the shortest of them do', () => {
  const junk = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`junk${index}`, 'x'.repeat(900)]));
  const args = { ...junk, amount: 80 };
  expect(fitArguments(args)).toBeUndefined();
  const kept = shortestArguments(args);
  expect(kept).toMatchObject({ amount: 80 });
  expect(Object.keys(kept).length).toBeGreaterThan(40);
  expect(Buffer.byteLength(JSON.stringify(kept))).toBeLessThan(48_000);
});
