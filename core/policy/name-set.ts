/** A set of names and prefixes, from patterns where a closing `*` stands for any rest. */
export interface NameSet {
  exact: ReadonlySet<string>;
  /** Without their `*`. */
  prefixes: readonly string[];
}

/** Null means every name: no patterns, or a lone `*` among them. */
export function compileNames(patterns: readonly string[] | undefined): NameSet | null {
  if (patterns === undefined || patterns.includes('*')) return null;
  const exact = new Set<string>();
  const prefixes: string[] = [];
  for (const pattern of patterns) {
    if (pattern.endsWith('*')) prefixes.push(pattern.slice(0, -1));
    else exact.add(pattern);
  }
  return { exact, prefixes };
}

export function hasName(names: NameSet | null, name: string): boolean {
  return names === null || names.exact.has(name) || hasPrefixOf(names, name);
}

/** Whether every name `inner` holds is held by `outer` too. */
export function coversNames(outer: NameSet | null, inner: NameSet | null): boolean {
  if (outer === null) return true;
  if (inner === null) return false;
  for (const name of inner.exact) if (!hasName(outer, name)) return false;
  for (const prefix of inner.prefixes) if (!hasPrefixOf(outer, prefix)) return false;
  return true;
}

function hasPrefixOf(names: NameSet, text: string): boolean {
  for (const prefix of names.prefixes) if (text.startsWith(prefix)) return true;
  return false;
}
