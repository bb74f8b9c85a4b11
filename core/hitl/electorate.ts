import type { Role } from '../../schemas/access.ts';
import type { Reviewers } from '../../schemas/review-policy.ts';

/** A person who may decide reviews, as role and groups stand now. */
export interface Reviewer {
  memberId: string;
  role: Role | null;
  groups: readonly string[];
}

/** `to` may decide in place of `from` while the delegation is in force. */
export interface ActiveDelegation {
  from: string;
  to: string;
}

/** Who there is to ask, at one moment. */
export interface Standing {
  /** Active members whose role decides reviews. */
  members: readonly Reviewer[];
  delegations: readonly ActiveDelegation[];
  /** Members behind the request: nobody decides on their own. */
  excluded: readonly string[];
}

/** One place at a level. Its holder fills it, or somebody the holder has delegated to, directly or in a chain. */
export interface Seat {
  holder: Reviewer;
  deputies: readonly string[];
}

/**
 * The places of a level. The requester has none, nobody sits in the requester's place, and no chain of delegations leads through it:
 * a requester would choose the deputy. The same holds for everybody who may not decide reviews.
 */
export function seatsOf(reviewers: Reviewers, { members, delegations, excluded }: Standing): Seat[] {
  const present = new Set(members.map(({ memberId }) => memberId).filter((id) => !excluded.includes(id)));
  const inForce = delegations.filter(({ to }) => present.has(to));
  return members
    .filter((member) => present.has(member.memberId) && matches(reviewers, member))
    .map((holder) => ({ holder, deputies: deputiesOf(holder.memberId, inForce) }));
}

/** The place a member takes: their own, else the first free one they stand in for; null where there is none. */
export function seatFor(seats: readonly Seat[], memberId: string, taken: ReadonlySet<string>): Seat | null {
  const own = seats.find(({ holder }) => holder.memberId === memberId);
  return own ?? seats.find(({ holder, deputies }) => deputies.includes(memberId) && !taken.has(holder.memberId)) ?? null;
}

export function matches(reviewers: Reviewers, { memberId, role, groups }: Reviewer): boolean {
  return (
    reviewers.users?.includes(memberId) === true ||
    (role !== null && reviewers.roles?.some((wanted) => wanted === role) === true) ||
    reviewers.groups?.some((group) => groups.includes(group)) === true
  );
}

/** Everybody a chain of delegations leads to, nearest first. Loops end where they began. */
export function deputiesOf(memberId: string, delegations: readonly ActiveDelegation[]): string[] {
  const reached = [memberId];
  for (const from of reached)
    for (const delegation of delegations) if (delegation.from === from && !reached.includes(delegation.to)) reached.push(delegation.to);
  return reached.slice(1);
}
