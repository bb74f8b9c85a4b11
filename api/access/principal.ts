import type { Asker } from '../../core/decision/asker.ts';
import type { Role, Scope } from '../../schemas/access.ts';
import type { KeyMode } from '../../schemas/key.ts';

/** Who a request comes from. */
export type Principal = KeyPrincipal | SessionPrincipal;

export interface KeyPrincipal {
  kind: 'key';
  orgId: string;
  keyId: string;
  mode: KeyMode;
  /** Set where the key acts for one member. */
  memberId: string | null;
  scopes: readonly Scope[];
  expiresAt: Date | null;
}

export interface SessionPrincipal {
  kind: 'session';
  orgId: string;
  memberId: string;
  email: string;
  name: string;
  role: Role;
  groups: string[];
  tokenHash: Buffer;
  scopes: readonly Scope[];
  expiresAt: Date;
}

/** As events, audit records and `createdBy` name it. Never an address or a name. */
export function requesterOf(principal: Principal): string {
  return principal.kind === 'key' ? `key:${principal.keyId}` : `member:${principal.memberId}`;
}

export const askerOf = (principal: Principal): Asker => ({
  requester: requesterOf(principal),
  ...(principal.memberId === null ? {} : { requesterMember: principal.memberId }),
});
