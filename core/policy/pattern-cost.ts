/** Paths a backtracking engine may try for each character of the text: 60,000 characters then take tens of milliseconds at worst. */
const MAX_PATHS_PER_CHARACTER = 256;
/** The same where the text's length does not multiply them: one start and no open repetition. */
const MAX_PATHS_IN_ALL = 65_536;
/** Steps along all of those paths: a long tail is walked once for each way to come to it. */
const MAX_STEPS_PER_CHARACTER = 2_048;
const MAX_STEPS_IN_ALL = 4_194_304;
const MAX_LENGTH = 512;

/**
 * Says why a regular expression could take more than linear time, or null where it cannot.
 * CEL promises RE2, the engine at hand backtracks: so only patterns with a bounded number of paths per start pass, and one open
 * repetition of a single character where `^` leaves but one start.
 */
export function patternProblem(pattern: string): string | null {
  if (pattern.length > MAX_LENGTH) return `pattern is longer than ${MAX_LENGTH} characters`;
  try {
    RegExp(pattern);
  } catch {
    return 'pattern is not a regular expression';
  }
  const scan: Scan = { pattern, at: 0, open: 0, problem: null };
  const { paths, steps, branches } = alternatives(scan);
  const startsOnce = pattern.startsWith('^') && branches === 1;
  if (scan.problem !== null) return scan.problem;
  if (scan.at < pattern.length) return `unexpected \`)\` at ${scan.at}`;
  if (scan.open > (startsOnce ? 1 : 0)) {
    return 'an open repetition (`*`, `+`, `{n,}`) may stand once, in a pattern that starts with `^`; write a bound such as `{1,64}`';
  }
  const isOnce = startsOnce && scan.open === 0;
  const maxPaths = isOnce ? MAX_PATHS_IN_ALL : MAX_PATHS_PER_CHARACTER;
  if (paths > maxPaths) return `pattern has more than ${maxPaths} ways to match; narrow its repetitions or anchor it with \`^\``;
  const maxSteps = isOnce ? MAX_STEPS_IN_ALL : MAX_STEPS_PER_CHARACTER;
  return steps > maxSteps ? `pattern takes more than ${maxSteps} steps to match from one place; shorten what follows its repetitions` : null;
}

interface Scan {
  pattern: string;
  at: number;
  open: number;
  problem: string | null;
}

/** Of one place to start from: the ways to match, and the characters looked at along all of them. */
interface Cost {
  paths: number;
  steps: number;
}

function alternatives(scan: Scan): Cost & { branches: number } {
  const cost = { paths: 0, steps: 0, branches: 0 };
  for (;;) {
    const { paths, steps } = sequence(scan);
    cost.paths += paths;
    cost.steps += steps;
    cost.branches++;
    if (scan.problem !== null || scan.pattern[scan.at] !== '|') return cost;
    scan.at++;
  }
}

function sequence(scan: Scan): Cost {
  const cost = { paths: 1, steps: 0 };
  while (scan.at < scan.pattern.length && scan.problem === null) {
    const next = scan.pattern[scan.at];
    if (next === '|' || next === ')') break;
    const { paths, steps } = repeated(scan);
    cost.steps += cost.paths * steps;
    cost.paths *= paths;
  }
  return cost;
}

function repeated(scan: Scan): Cost {
  const isGroup = scan.pattern[scan.at] === '(';
  const openBefore = scan.open;
  const { paths, steps } = isGroup ? group(scan) : single(scan);
  const { min, max } = quantifier(scan);
  if (max === Infinity) {
    if (isGroup) scan.problem ??= `open repetition of a group before ${scan.at}`;
    scan.open++;
    return { paths: 1, steps: 1 };
  }
  if (min === 1 && max === 1) return { paths, steps };
  if (isGroup && scan.open > openBefore) scan.problem ??= `repetition of an open repetition before ${scan.at}`;
  // Each round is walked once for each way through those before it.
  const rounds = paths === 1 ? max : (paths ** max - 1) / (paths - 1);
  return { paths: (max - min + 1) * paths ** max, steps: rounds * steps };
}

function group(scan: Scan): Cost {
  scan.at++;
  if (scan.pattern[scan.at] === '?') {
    if (scan.pattern[scan.at + 1] !== ':') {
      scan.problem ??= `lookaround and named groups are not supported (at ${scan.at})`;
      return { paths: 1, steps: 1 };
    }
    scan.at += 2;
  }
  const { paths, steps } = alternatives(scan);
  scan.at++;
  return { paths, steps };
}

function single(scan: Scan): Cost {
  const { pattern } = scan;
  const first = pattern[scan.at];
  if (first === '\\') {
    if (/[1-9k]/.test(pattern[scan.at + 1] ?? '')) scan.problem ??= `back references are not supported (at ${scan.at})`;
    scan.at += 2;
  } else if (first === '[') {
    scan.at++;
    while (scan.at < pattern.length && pattern[scan.at] !== ']') scan.at += pattern[scan.at] === '\\' ? 2 : 1;
    scan.at++;
  } else {
    scan.at++;
  }
  return { paths: 1, steps: 1 };
}

const QUANTIFIER = /(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??/y;

function quantifier(scan: Scan): { min: number; max: number } {
  QUANTIFIER.lastIndex = scan.at;
  const match = QUANTIFIER.exec(scan.pattern);
  if (match === null) return { min: 1, max: 1 };
  scan.at = QUANTIFIER.lastIndex;
  const [, sign, from, comma, to] = match;
  if (sign === '?') return { min: 0, max: 1 };
  if (sign !== undefined) return { min: 0, max: Infinity };
  const min = Number(from);
  if (comma === undefined) return { min, max: min };
  return { min, max: to === undefined || to === '' ? Infinity : Number(to) };
}
