import type { ActiveDelegation, Reviewer, Standing } from '../../core/hitl/electorate.ts';
import { userSubject } from '../../core/ledger/personal-fields.ts';
import type { Sql, TransactionSql } from '../client.ts';
import type { SubjectVault } from '../subject-vault.ts';
import { asTenant } from '../tenant.ts';
import type { ReviewSummary } from './review-steps.ts';

/** Who may be asked about these reviews now. Nobody behind any of the requests may: neither by session, nor by key, nor by delegation. */
export async function standingFor(vault: SubjectVault, orgId: string, reviews: readonly { summary: ReviewSummary }[], nowMs: number): Promise<Standing> {
  const [standing] = await standingsFor(vault, orgId, [reviews], nowMs);
  if (standing === undefined) throw new Error('a standing was asked for and not answered');
  return standing;
}

/** The same for many groups of reviews, each asked together: in as many statements as for one. */
export async function standingsFor(
  vault: SubjectVault,
  orgId: string,
  groups: readonly (readonly { summary: ReviewSummary }[])[],
  nowMs: number,
): Promise<Standing[]> {
  const electorate = await loadElectorate(vault.sql, { orgId, at: new Date(nowMs) });
  const behind = await loadMembersBehind(vault, orgId, groups.flat());
  return groups.map((reviews) => ({ ...electorate, excluded: [...new Set(reviews.flatMap(({ summary }) => behind(summary)))] }));
}

const principalsOf = ({ requester, excludes = [] }: ReviewSummary): string[] => [requester, ...excludes];
const afterPrefix = (principals: readonly string[], prefix: 'key:' | 'member:'): string[] =>
  principals.filter((principal) => principal.startsWith(prefix)).map((principal) => principal.slice(prefix.length));

/** Looks up the members behind the requests: those who asked, those whose key asked, and those whom an event's own principal names by id or address. */
async function loadMembersBehind(
  vault: SubjectVault,
  orgId: string,
  reviews: readonly { summary: ReviewSummary }[],
): Promise<(summary: ReviewSummary) => string[]> {
  const keyIds = [...new Set(reviews.flatMap(({ summary }) => afterPrefix(principalsOf(summary), 'key:')))];
  const isNamed = reviews.some(({ summary }) => requestedForOf(vault, orgId, summary) !== undefined);
  const memberOfKey = new Map<string, string>();
  const memberOfSubject = new Map<string, string[]>();
  if (keyIds.length > 0 || isNamed) {
    await asTenant(vault.sql, orgId, async (tx) => {
      const keys = await tx<{ id: string; memberId: string }[]>`
        select id, member_id as "memberId" from api_key where org_id = ${orgId} and member_id is not null and id = any (${vault.sql.array(keyIds, 25)}::text[])`;
      for (const { id, memberId } of keys) memberOfKey.set(id, memberId);
      if (!isNamed) return;
      // Who is named stands there by reference only, so it is the members who are looked up, each under their id and address.
      for (const { id, email } of await tx<{ id: string; email: string }[]>`
        select id, email from member where org_id = ${orgId} and status = 'active' and role in ('Owner', 'Admin', 'Reviewer')`) {
        for (const name of [id, email]) {
          const subject = vault.refOf(orgId, userSubject(name));
          memberOfSubject.set(subject, [...(memberOfSubject.get(subject) ?? []), id]);
        }
      }
    });
  }
  return (summary) => {
    const principals = principalsOf(summary);
    const subject = requestedForOf(vault, orgId, summary);
    return [
      ...afterPrefix(principals, 'member:'),
      ...afterPrefix(principals, 'key:').flatMap((keyId) => memberOfKey.get(keyId) ?? []),
      ...(subject === undefined ? [] : (memberOfSubject.get(subject) ?? [])),
    ];
  };
}

function requestedForOf(vault: SubjectVault, orgId: string, { requestedForSubject, requestedFor }: ReviewSummary): string | undefined {
  return requestedForSubject ?? (requestedFor === undefined ? undefined : vault.refOf(orgId, userSubject(requestedFor)));
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
