import type { ActiveDelegation } from './electorate.ts';

/** In force from `startsAtMs` until `endsAtMs`, that moment excluded. */
export interface DatedDelegation extends ActiveDelegation {
  startsAtMs: number;
  endsAtMs: number;
}

/** Who would stand in for whom in a circle, the first member again at the end, and from when on. */
export interface DelegationCycle {
  members: string[];
  atMs: number;
}

/**
 * The first circle that one more delegation would close; null where it closes none at any moment. Members may well delegate to one
 * another in turn, as long as the periods do not overlap. `existing` are those not revoked.
 */
export function delegationCycle(added: DatedDelegation, existing: readonly DatedDelegation[]): DelegationCycle | null {
  const overlapping = existing.filter(({ startsAtMs, endsAtMs }) => startsAtMs < added.endsAtMs && endsAtMs > added.startsAtMs);
  const byDelegator = new Map<string, DatedDelegation[]>();
  for (const delegation of overlapping) {
    const theirs = byDelegator.get(delegation.from);
    if (theirs === undefined) byDelegator.set(delegation.from, [delegation]);
    else theirs.push(delegation);
  }
  // A circle that begins within the period begins with one of its delegations, so that no other moment need be looked at.
  const momentsMs = new Set([added.startsAtMs, ...overlapping.map(({ startsAtMs }) => Math.max(startsAtMs, added.startsAtMs))]);
  for (const atMs of [...momentsMs].toSorted((a, b) => a - b)) {
    const chain = chainAt(added.to, added.from, byDelegator, atMs);
    if (chain !== null) return { members: [added.from, ...chain], atMs };
  }
  return null;
}

/** The shortest chain of delegations from one member to another at a moment, both named; null where there is none. */
function chainAt(from: string, to: string, byDelegator: ReadonlyMap<string, DatedDelegation[]>, atMs: number): string[] | null {
  const reachedBy = new Map<string, string | null>([[from, null]]);
  // A map's iterator also gives what is added on the way.
  for (const member of reachedBy.keys()) {
    if (member === to) return pathTo(to, reachedBy);
    for (const delegation of byDelegator.get(member) ?? []) {
      const isInForce = delegation.startsAtMs <= atMs && atMs < delegation.endsAtMs;
      if (isInForce && !reachedBy.has(delegation.to)) reachedBy.set(delegation.to, member);
    }
  }
  return null;
}

function pathTo(member: string, reachedBy: ReadonlyMap<string, string | null>): string[] {
  const path: string[] = [];
  for (let at: string | null = member; at !== null; at = reachedBy.get(at) ?? null) path.unshift(at);
  return path;
}
