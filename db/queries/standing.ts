import type { ActiveDelegation, Reviewer, Standing } from '../../core/hitl/electorate.ts';
import type { Sql, TransactionSql } from '../client.ts';
import { asTenant } from '../tenant.ts';
import type { ReviewSummary } from './review-steps.ts';

/** Who may be asked about these reviews now. Nobody behind any of the requests may: neither by session, nor by key, nor by delegation. */
export async function standingFor(sql: Sql, orgId: string, reviews: readonly { summary: ReviewSummary }[], nowMs: number): Promise<Standing> {
  const [standing] = await standingsFor(sql, orgId, [reviews], nowMs);
  if (standing === undefined) throw new Error('a standing was asked for and not answered');
  return standing;
}

/** The same for many groups of reviews, each asked together: in as many statements as for one. */
export async function standingsFor(sql: Sql, orgId: string, groups: readonly (readonly { summary: ReviewSummary }[])[], nowMs: number): Promise<Standing[]> {
  const electorate = await loadElectorate(sql, { orgId, at: new Date(nowMs) });
  const behind = await loadMembersBehind(sql, orgId, groups.flat());
  return groups.map((reviews) => ({ ...electorate, excluded: [...new Set(reviews.flatMap(({ summary }) => behind(summary)))] }));
}

const principalsOf = ({ requester, excludes = [] }: ReviewSummary): string[] => [requester, ...excludes];
const afterPrefix = (principals: readonly string[], prefix: 'key:' | 'member:'): string[] =>
  principals.filter((principal) => principal.startsWith(prefix)).map((principal) => principal.slice(prefix.length));

/** Looks up the members behind the requests: those who asked, those whose key asked, and those whom an event's own principal names by id or address. */
async function loadMembersBehind(sql: Sql, orgId: string, reviews: readonly { summary: ReviewSummary }[]): Promise<(summary: ReviewSummary) => string[]> {
  const keyIds = [...new Set(reviews.flatMap(({ summary }) => afterPrefix(principalsOf(summary), 'key:')))];
  const names = [...new Set(reviews.flatMap(({ summary: { requestedFor } }) => requestedFor ?? []))];
  const memberOfKey = new Map<string, string>();
  const named: { id: string; email: string }[] = [];
  if (keyIds.length > 0 || names.length > 0) {
    await asTenant(sql, orgId, async (tx) => {
      const keys = await tx<{ id: string; memberId: string }[]>`
        select id, member_id as "memberId" from api_key where org_id = ${orgId} and member_id is not null and id = any (${sql.array(keyIds, 25)}::text[])`;
      for (const { id, memberId } of keys) memberOfKey.set(id, memberId);
      if (names.length === 0) return;
      named.push(
        ...(await tx<{ id: string; email: string }[]>`
          select id, email from member
          where org_id = ${orgId} and (id = any (${sql.array(names, 25)}::text[]) or email = any (${sql.array(
            names.map((name) => name.toLowerCase()),
            25,
          )}::text[]))`),
      );
    });
  }
  return (summary) => {
    const principals = principalsOf(summary);
    const { requestedFor } = summary;
    return [
      ...afterPrefix(principals, 'member:'),
      ...afterPrefix(principals, 'key:').flatMap((keyId) => memberOfKey.get(keyId) ?? []),
      ...(requestedFor === undefined ? [] : named.filter(({ id, email }) => id === requestedFor || email === requestedFor.toLowerCase()).map(({ id }) => id)),
    ];
  };
}

/** Active members whose role decides reviews. */
export function listDeciders(sql: Sql, { orgId }: { orgId: string }): Promise<Reviewer[]> {
  return asTenant(sql, orgId, async (tx) => [...(await deciders(tx, orgId))]);
}

const deciders = (tx: TransactionSql, orgId: string) => tx<Reviewer[]>`
  select id as "memberId", role, groups from member
  where org_id = ${orgId} and status = 'active' and role in ('Owner', 'Admin', 'Reviewer') order by id`;

/** Everybody an organisation can ask now, and who stands in for whom. */
function loadElectorate(sql: Sql, { orgId, at }: { orgId: string; at: Date }): Promise<Omit<Standing, 'excluded'>> {
  return asTenant(sql, orgId, async (tx) => {
    const members = await deciders(tx, orgId);
    const delegations = await tx<ActiveDelegation[]>`
      select from_member as "from", to_member as "to" from delegation
      where org_id = ${orgId} and revoked_at is null and starts_at <= ${at} and ends_at > ${at} order by created_at, id`;
    return { members: [...members], delegations: [...delegations] };
  });
}
