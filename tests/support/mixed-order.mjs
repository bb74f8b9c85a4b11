import { statSync } from 'node:fs';
import { sep } from 'node:path';
import TestSequencer from '@jest/test-sequencer';

/** Directories whose files take longest, longest first; most of that time they wait for servers. */
const LONG = ['e2e', 'workflows', 'conformance', 'tamper', 'cli', 'workers', 'browser'].map((name) => `${sep}tests${sep}${name}${sep}`);

/**
 * Long files first, and between any two of them a short one, which fills the processors while they wait. A long file that began last would keep one processor
 * to itself at the end. The same on every machine, whatever an earlier run has left.
 */
export default class MixedOrder extends TestSequencer {
  /** @param {import('@jest/test-sequencer').Test[]} tests */
  sort(tests) {
    const ranked = tests.map((test) => ({ test, rank: rankOf(test.path), bytes: statSync(test.path).size }));
    const ordered = ranked.toSorted((a, b) => a.rank - b.rank || b.bytes - a.bytes);
    const long = ordered.filter(({ rank }) => rank < LONG.length);
    const short = ordered.filter(({ rank }) => rank === LONG.length);
    const mixed = long.flatMap((each, at) => [each, ...short.slice(at, at + 1)]);
    return [...mixed, ...short.slice(long.length)].map(({ test }) => test);
  }
}

/** @param {string} path */
function rankOf(path) {
  const rank = LONG.findIndex((part) => path.includes(part));
  return rank === -1 ? LONG.length : rank;
}
