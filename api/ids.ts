import { randomBytes } from 'node:crypto';

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** ULID: 48 bits of time, 80 random ones, 26 characters that sort by time. */
export function ulid(nowMs = Date.now()): string {
  let time = '';
  for (let rest = nowMs, digit = 0; digit < 10; digit++, rest = Math.floor(rest / 32)) time = (CROCKFORD[rest % 32] ?? '') + time;
  let random = '';
  for (const byte of randomBytes(16)) random += CROCKFORD[byte % 32] ?? '';
  return time + random;
}

export type IdPrefix = 'evt' | 'req' | 'pol' | 'stp' | 'gra' | 'dlg' | 'chn' | 'chk' | 'era' | 'hld' | 'whe' | 'whr' | 'whi';

export const newId = (prefix: IdPrefix): string => `${prefix}_${ulid()}`;
