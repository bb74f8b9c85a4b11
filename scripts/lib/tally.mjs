/** @typedef {{ passed: number, failed: number, skipped: number }} Tally */

/** @type {Readonly<Tally>} */
export const emptyTally = Object.freeze({ passed: 0, failed: 0, skipped: 0 });

/** @param {Tally} a @param {Tally} b @returns {Tally} */
export function sum(a, b) {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** @param {Tally} tally */
export function closingLine({ passed, failed: failures, skipped }) {
  return `${passed} passed, ${failures} failed, ${skipped} skipped`;
}

/** A run in which nothing passed has shown nothing. @param {Tally} tally */
export function failed({ passed, failed: failures }) {
  return failures > 0 || passed === 0;
}
