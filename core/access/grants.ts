import type { Role, Scope } from '../../schemas/access.ts';
import { SCOPES_OF_ROLE } from './permissions.ts';

/** What a key may do now. A key bound to a member never holds more than the member's role does today. */
export function scopesOfKey(granted: readonly Scope[], memberRole: Role | null): Scope[] {
  if (memberRole === null) return [...granted];
  return granted.filter((scope) => SCOPES_OF_ROLE[memberRole].includes(scope));
}

/** Scopes asked for that the creator does not hold; empty when all may be passed on. */
export function scopesBeyond(wanted: readonly Scope[], held: readonly Scope[]): Scope[] {
  return wanted.filter((scope) => !held.includes(scope));
}
