export interface CanonicalPath {
  /** Resolved path with forward slashes; absolute paths keep their leading `/`. */
  path: string;
  /** Also with a drive, a home or a scheme such as `s3://`: it does not start at a root it would be relative to. */
  absolute: boolean;
  /** It climbs above where it starts. */
  climbs: boolean;
  /** NUL or another control character: two readers may take it for two paths. */
  ambiguous: boolean;
}

/** Resolves `.`, `..`, `//`, backslashes, and percent-escapes up to three levels deep. Says nothing about the file system. */
export function canonicalPath(raw: string): CanonicalPath {
  let text = raw.replace(/^file:(?:\/\/(?:localhost)?(?=\/))?/i, '');
  for (let level = 0; level < 3 && text.includes('%'); level += 1)
    text = text.replace(/%(2e|2f|5c|25|00)/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  // Overlong UTF-8 for dot and slash, as some decoders still accept.
  text = text.replace(/%c0%(?:ae|af)|%c1%9c/gi, (escape) => (escape.toLowerCase() === '%c0%ae' ? '.' : '/')).normalize('NFKC');
  // oxlint-disable-next-line no-control-regex -- control characters are the target
  const ambiguous = /[\0-\x1f\x7f]/.test(text);
  text = text.replaceAll('\\', '/');
  const drive = /^[A-Za-z]:(?=\/|$)/.exec(text)?.[0] ?? '';
  const rest = text.slice(drive.length);
  const absolute = drive !== '' || rest.startsWith('/') || rest.startsWith('~') || /^[a-z][a-z0-9+.-]*:\/\//i.test(rest);
  const segments: string[] = [];
  let climbs = false;
  for (const segment of rest.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') segments.push(segment);
    else if (segments.length > 0 && segments[0] !== '~') segments.pop();
    else climbs = true;
  }
  const joined = segments.join('/');
  const path = drive !== '' ? `${drive.toLowerCase()}/${joined}` : rest.startsWith('/') ? `/${joined}` : joined;
  return { path, absolute, climbs, ambiguous };
}

/** Whether a path stays under one of the roots. A relative path is taken as relative to a root. */
export function isUnderRoots(path: CanonicalPath, roots: readonly string[]): boolean {
  if (path.ambiguous || (path.climbs && !path.path.startsWith('/'))) return false;
  return roots.some((raw) => {
    const root = canonicalPath(raw).path;
    if (!path.absolute && root.startsWith('/')) return true;
    // `.` is where relative paths start; an absolute one starts elsewhere.
    if (root === '') return !path.absolute;
    return root === '/' || path.path === root || path.path.startsWith(root.endsWith('/') ? root : `${root}/`);
  });
}
