import type { Sql } from '../../db/client.ts';
import { findActiveMember } from '../../db/queries/members.ts';
import type { Member } from '../../db/queries/members.ts';
import { closeSession } from '../../db/queries/sessions.ts';
import { SCOPES_OF_ROLE } from '../../core/access/permissions.ts';
import type { WhoAmI } from '../../schemas/session.ts';
import { requesterOf } from '../access/principal.ts';
import type { Principal } from '../access/principal.ts';
import { sessionCookie } from '../access/session-cookie.ts';
import type { SignIn } from '../access/sign-in.ts';
import { auditEntry } from '../audit.ts';
import type { Handlers } from '../handler.ts';
import { HttpProblem } from '../problem.ts';

export function sessionRoutes({ sql, signIn, now }: { sql: Sql; signIn: SignIn; now: () => number }): Handlers<'signIn' | 'whoAmI' | 'signOut'> {
  return {
    async signIn({ body }, { requestId, ip, secure }) {
      const { token, orgId, member, expiresAt } = await signIn(body, { ip, requestId });
      const who: WhoAmI = { orgId, kind: 'session', member, key: null, scopes: [...SCOPES_OF_ROLE[member.role]], expiresAt: expiresAt.toISOString() };
      return { status: 200, body: who, headers: { 'Set-Cookie': sessionCookie(token, { secure, maxAgeMs: expiresAt.getTime() - now() }) } };
    },

    async whoAmI(_input, { principal }) {
      const { orgId, kind, scopes, expiresAt } = principal;
      return {
        status: 200,
        body: {
          orgId,
          kind,
          member: (await memberOf(sql, principal)) ?? null,
          key: principal.kind === 'key' ? { id: principal.keyId, mode: principal.mode } : null,
          scopes: [...scopes],
          expiresAt: expiresAt?.toISOString() ?? null,
        },
      };
    },

    async signOut(_input, { principal, requestId, secure }) {
      if (principal.kind === 'key') throw new HttpProblem('conflict', { detail: 'a key has no session; revoke it instead' });
      const { orgId, tokenHash } = principal;
      const audit = auditEntry({ type: 'session.closed', actor: requesterOf(principal), requestId });
      await closeSession(sql, { orgId, tokenHash, audit });
      return { status: 204, body: null, headers: { 'Set-Cookie': sessionCookie('', { secure, maxAgeMs: 0 }) } };
    },
  };
}

async function memberOf(sql: Sql, principal: Principal): Promise<Member | undefined> {
  if (principal.kind === 'session') {
    const { memberId: id, email, name, role, groups } = principal;
    return { id, email, name, role, groups };
  }
  return principal.memberId === null ? undefined : findActiveMember(sql, { orgId: principal.orgId, memberId: principal.memberId });
}
