const MAX_INPUT_CHARS = 4096;
/** Two unbounded repeats and a few small ones. */
const MAX_CHOICES = MAX_INPUT_CHARS ** 2 * 16;
const MAX_CACHED = 1000;
const compiled = new Map<string, RegExp | null>();

/** Whether a value matches an anchored pattern; null where the pattern is refused as unsafe or does not compile. Longer input than 4,096 characters never matches. */
export function matchesPattern(pattern: string, value: string): boolean | null {
  let regex = compiled.get(pattern);
  if (regex === undefined) {
    regex = compileSafe(pattern);
    if (compiled.size >= MAX_CACHED) compiled.clear();
    compiled.set(pattern, regex);
  }
  if (regex === null) return null;
  return value.length <= MAX_INPUT_CHARS && regex.test(value);
}

/**
 * Compiles the part of the language that cannot blow up: no back-references or look-around, no quantifier inside a quantified group,
 * no alternation inside one, and at most two unbounded quantifiers with a few small ones.
 */
function compileSafe(pattern: string): RegExp | null {
  if (!isSafe(pattern)) return null;
  try {
    return new RegExp(`^(?:${pattern})$`, 'u');
  } catch {
    return null;
  }
}

interface Group {
  quantified: boolean;
  /** Alternatives beyond the first, those of inner groups included. */
  alternates: number;
}

function isSafe(pattern: string): boolean {
  const groups: Group[] = [{ quantified: false, alternates: 0 }];
  let closed: Group | null = null;
  let choices = 1;
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern[at] ?? '';
    const group = groups.at(-1);
    if (group === undefined) return false;
    if (character === '\\') {
      if (/[1-9k]/.test(pattern[at + 1] ?? '')) return false;
      at += 1;
      closed = null;
    } else if (character === '[') {
      at += 1;
      while (at < pattern.length && pattern[at] !== ']') at += pattern[at] === '\\' ? 2 : 1;
      closed = null;
    } else if (character === '(') {
      if (pattern[at + 1] === '?' && pattern[at + 2] !== ':') return false;
      groups.push({ quantified: false, alternates: 0 });
      if (pattern[at + 1] === '?') at += 2;
      closed = null;
    } else if (character === ')') {
      closed = groups.pop() ?? null;
      const outer = groups.at(-1);
      if (outer === undefined || closed === null) return false;
      outer.quantified ||= closed.quantified;
      outer.alternates += closed.alternates;
      choices *= closed.alternates + 1;
      if (choices > MAX_CHOICES) return false;
    } else if (character === '|') {
      group.alternates += 1;
      closed = null;
    } else if (character === '*' || character === '+' || character === '?' || character === '{') {
      const end = character === '{' ? pattern.indexOf('}', at) : at;
      if (end < 0) return false;
      const bounds = /^\{(\d{1,4})(?:,(\d{0,4}))?\}/.exec(pattern.slice(at, end + 1));
      if (character === '{' && bounds === null) return false;
      const isOptional = character === '?';
      if (closed !== null && !isOptional && (closed.quantified || closed.alternates > 0)) return false;
      group.quantified = true;
      // Repeats side by side backtrack in the product of their choices, optional parts included.
      const [, least = '0', most] = bounds ?? [];
      choices *= isOptional ? 2 : bounds === null || most === '' ? MAX_INPUT_CHARS : Math.min(MAX_INPUT_CHARS, Number(most ?? least) - Number(least) + 1);
      if (choices > MAX_CHOICES) return false;
      at = end;
      if (pattern[at + 1] === '?') at += 1;
      closed = null;
    } else {
      closed = null;
    }
  }
  return groups.length === 1;
}
