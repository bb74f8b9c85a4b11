import { createHash } from 'node:crypto';

const MAX_NAME_LENGTH = 64;

/**
 * A name as public ids allow it: `[A-Za-z0-9_.:-]`. A name that does not fit as it is gets the start of its hash, so that two
 * different names never become one.
 */
export function idSafeName(name: string): string {
  if (/^[A-Za-z0-9_.:-]+$/.test(name) && name.length <= MAX_NAME_LENGTH) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 12);
  return `${name.replaceAll(/[^A-Za-z0-9_.:-]+/g, '-').slice(0, MAX_NAME_LENGTH - 13)}-${hash}`;
}
