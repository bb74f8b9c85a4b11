import { SCOPES_OF_ROLE } from '../core/access/permissions.ts';
import type { Reviewer } from '../core/hitl/ladder.ts';
import type { Sql } from '../db/client.ts';
import { findKey } from '../db/queries/keys.ts';
import { findActiveMember } from '../db/queries/members.ts';
import type { Review } from '../schemas/review.ts';
import type { Principal } from './access/principal.ts';
import { HttpProblem } from './problem.ts';

/** What a review's row keeps of the decision that opened it. */
export interface ReviewSummary {
  reasons: string[];
  policy: Review['policy'];
  /** `key:<id>` or `member:<id>`. */
  requester: string;
}

/**
 * The person behind the request, with role and groups as they stand now, whatever the session or the key remembers.
 * Throws 403 where there is no person, where the role no longer decides, and where the person decides on their own request.
 */
export async function reviewerOf(sql: Sql, principal: Principal, { requester }: ReviewSummary): Promise<Reviewer> {
  const { orgId, memberId } = principal;
  if (memberId === null) throw new HttpProblem('not-permitted', { detail: 'a person decides: sign in, or use a key bound to a member' });
  const member = await findActiveMember(sql, { orgId, memberId });
  if (member === undefined || !SCOPES_OF_ROLE[member.role].includes('hitl:decide')) {
    throw new HttpProblem('not-permitted', { detail: 'this member may no longer decide reviews' });
  }
  if (await isOwnRequest(sql, principal, memberId, requester)) {
    throw new HttpProblem('not-permitted', { detail: 'nobody decides on their own request' });
  }
  return { memberId, role: member.role, groups: member.groups };
}

async function isOwnRequest(sql: Sql, principal: Principal, memberId: string, requester: string): Promise<boolean> {
  if (requester === `member:${memberId}`) return true;
  if (!requester.startsWith('key:')) return false;
  const keyId = requester.slice('key:'.length);
  if (principal.kind === 'key' && principal.keyId === keyId) return true;
  const key = await findKey(sql, { orgId: principal.orgId, keyId });
  return key?.memberId === memberId;
}
