import { SCOPES_OF_ROLE } from '../core/access/permissions.ts';
import type { Sql } from '../db/client.ts';
import { findActiveMember } from '../db/queries/members.ts';
import type { Principal } from './access/principal.ts';
import { HttpProblem } from './problem.ts';

/** Whoever decides, and how they came. */
export interface Voter {
  memberId: string;
  /** `session` or `key:<id>`. */
  via: string;
}

/**
 * The person behind the request. Throws 403 where there is none, and where the role no longer decides, whatever the session or the key
 * remembers. Whether this person may decide this review is the ladder's to say.
 */
export async function voterOf(sql: Sql, principal: Principal): Promise<Voter> {
  const { orgId, memberId } = principal;
  if (memberId === null) throw new HttpProblem('not-permitted', { detail: 'a person decides: sign in, or use a key bound to a member' });
  await assertMayDecide(sql, { orgId, memberId });
  return { memberId, via: principal.kind === 'key' ? `key:${principal.keyId}` : 'session' };
}

/** Throws 403 for whoever is no active member, or has no role that decides. */
export async function assertMayDecide(sql: Sql, { orgId, memberId }: { orgId: string; memberId: string }): Promise<void> {
  const member = await findActiveMember(sql, { orgId, memberId });
  if (member === undefined || !SCOPES_OF_ROLE[member.role].includes('hitl:decide')) {
    throw new HttpProblem('not-permitted', { detail: 'this member may no longer decide reviews' });
  }
}
