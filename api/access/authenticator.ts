import { parseApiKey } from '../../core/access/api-key.ts';
import { scopesOfKey } from '../../core/access/grants.ts';
import { SCOPES_OF_ROLE } from '../../core/access/permissions.ts';
import type { SessionRow } from '../../db/queries/sessions.ts';
import type { CredentialUses } from './credential-uses.ts';
import type { KeyDirectory } from './key-directory.ts';
import { keyMatches } from './key-secret.ts';
import type { Pepper } from './key-secret.ts';
import type { KeyPrincipal, SessionPrincipal } from './principal.ts';
import { SESSION_TOKEN_PATTERN, sessionTokenHash } from './session-token.ts';

export interface AuthenticatorOptions {
  pepper: Pepper;
  keys: KeyDirectory;
  findSession: (tokenHash: Buffer) => Promise<SessionRow | undefined>;
  uses: CredentialUses;
  sessionIdleMs: number;
  now: () => number;
}

export interface Authenticator {
  /** Null for a key that is malformed, unknown, wrong, revoked or expired; nobody outside learns which. */
  byKey(text: string): Promise<KeyPrincipal | null>;
  bySessionToken(token: string): Promise<SessionPrincipal | null>;
}

export function createAuthenticator({ pepper, keys, findSession, uses, sessionIdleMs, now }: AuthenticatorOptions): Authenticator {
  return {
    async byKey(text) {
      const parsed = parseApiKey(text);
      if (parsed === null) return null;
      const found = await keys.find(parsed.id);
      const stored = found && { hmac: found.secretHmac, pepperVersion: found.pepperVersion };
      // No short cut for the unknown: the comparison runs before anything is asked of the row.
      const isRight = keyMatches(pepper, text, stored);
      if (!isRight || found === undefined || found.revokedAt !== null || (found.expiresAt !== null && found.expiresAt.getTime() <= now())) return null;
      uses.noteKey(found.id);
      return {
        kind: 'key',
        orgId: found.orgId,
        keyId: found.id,
        mode: found.mode,
        memberId: found.memberId,
        scopes: scopesOfKey(found.scopes, found.memberRole),
        expiresAt: found.expiresAt,
      };
    },
    async bySessionToken(token) {
      if (!SESSION_TOKEN_PATTERN.test(token)) return null;
      const tokenHash = sessionTokenHash(token);
      const session = await findSession(tokenHash);
      if (session === undefined || session.expiresAt.getTime() <= now() || session.lastSeenAt.getTime() + sessionIdleMs <= now()) return null;
      uses.noteSession(tokenHash);
      const { orgId, memberId, email, name, role, groups, expiresAt } = session;
      return { kind: 'session', orgId, memberId, email, name, role, groups, tokenHash, scopes: SCOPES_OF_ROLE[role], expiresAt };
    },
  };
}
