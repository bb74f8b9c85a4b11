import type { PolicySet } from '../../schemas/policy.ts';
import type { ReviewLevel, Reviewers, ReviewPolicy } from '../../schemas/review-policy.ts';
import { matches } from '../hitl/electorate.ts';
import type { Reviewer } from '../hitl/electorate.ts';
import { reviewsOf } from './lint-review.ts';
import type { PolicyIssue } from './policy-invalid.ts';

/**
 * What cannot be decided by the people an organisation has now, and rules that are over before they begin. `members` are the active ones
 * whose role decides reviews. While `activating`, a rule that ran out since it was saved is passed over instead.
 */
export function lintReviewers(set: PolicySet, members: readonly Reviewer[], nowMs: number, { activating = false } = {}): PolicyIssue[] {
  const isOver = set.rules.map(({ expiresAt }) => expiresAt !== undefined && Date.parse(expiresAt) <= nowMs);
  const over = isOver.flatMap((each, position) => (each && !activating ? [{ pointer: `/rules/${position}/expiresAt`, detail: 'is in the past' }] : []));
  const electorate = electorateOf(members);
  const reviews = reviewsOf(set).filter(({ position }) => position === null || isOver[position] !== true);
  const undecidable = reviews.flatMap(({ review, pointer }) => [
    ...review.levels.flatMap((level, position) => levelFaults(level, `${pointer}/levels/${position}`, electorate, review.twoPerson === true)),
    ...glassFaults(review, pointer, electorate),
  ]);
  return [...over, ...undecidable];
}

interface Electorate {
  members: readonly Reviewer[];
  ids: ReadonlySet<string>;
  groups: ReadonlySet<string>;
}

function electorateOf(members: readonly Reviewer[]): Electorate {
  return { members, ids: new Set(members.map(({ memberId }) => memberId)), groups: new Set(members.flatMap(({ groups }) => groups)) };
}

function levelFaults(level: ReviewLevel, at: string, electorate: Electorate, twoPerson: boolean): PolicyIssue[] {
  const { reviewers, quorum, separation = [] } = level;
  const { issues, eligible } = lintNames(reviewers, `${at}/reviewers`, electorate);
  // Whoever is missing is named above; nothing else can be said of a level without people.
  if (eligible.length === 0) return issues;
  const people = `${eligible.length} member${eligible.length === 1 ? '' : 's'} may decide this level`;
  if (typeof quorum === 'number' && quorum > eligible.length) issues.push({ pointer: `${at}/quorum`, detail: people });
  if (twoPerson && eligible.length < 2) issues.push({ pointer: `${at}/reviewers`, detail: `${people}, and \`twoPerson\` asks for two` });
  for (const [position, role] of separation.entries()) {
    if (!eligible.some((member) => member.role === role))
      issues.push({ pointer: `${at}/separation/${position}`, detail: `no reviewer of this level is ${role}` });
  }
  return issues;
}

/** Whoever broke the glass does not judge it: alone on both sides, every use of it would end as a violation. */
function glassFaults({ breakGlass, levels }: ReviewPolicy, pointer: string, electorate: Electorate): PolicyIssue[] {
  if (breakGlass === undefined) return [];
  const at = `${pointer}/breakGlass/reviewers`;
  const { issues, eligible } = lintNames(breakGlass.reviewers, at, electorate);
  const [only, ...others] = eligible;
  if (only === undefined || others.length > 0) return issues;
  const judges = electorate.members.filter((member) => matches(levels.at(-1)?.reviewers ?? {}, member));
  const isAlone = judges.length === 1 && judges[0] === only;
  return isAlone ? [...issues, { pointer: at, detail: 'the one member who may break the glass is the only one to judge it, at the last level' }] : issues;
}

function lintNames(reviewers: Reviewers, at: string, { members, ids, groups }: Electorate): { issues: PolicyIssue[]; eligible: Reviewer[] } {
  const issues: PolicyIssue[] = [];
  for (const [position, id] of (reviewers.users ?? []).entries()) {
    if (!ids.has(id)) issues.push({ pointer: `${at}/users/${position}`, detail: 'no active member of this id decides reviews' });
  }
  for (const [position, group] of (reviewers.groups ?? []).entries()) {
    if (!groups.has(group)) issues.push({ pointer: `${at}/groups/${position}`, detail: 'no active member who decides reviews is in this group' });
  }
  const eligible = members.filter((member) => matches(reviewers, member));
  if (eligible.length === 0 && issues.length === 0) issues.push({ pointer: at, detail: 'no active member may decide this' });
  return { issues, eligible };
}
