import { climb, type LadderMove } from '../../../core/hitl/ladder.ts';
import type { RefusalCode } from '../../../core/hitl/cast-vote.ts';
import { ladderEndMs, levelEndMs } from '../../../core/hitl/due.ts';
import type { ActiveDelegation, Reviewer, Standing } from '../../../core/hitl/electorate.ts';
import type { LadderContext, LadderMoved, VoteMove } from '../../../core/hitl/ladder-state.ts';
import type { ReviewPlan } from '../../../core/hitl/review.ts';
import type { Role } from '../../../schemas/access.ts';
import type { ReviewLevel } from '../../../schemas/review-policy.ts';
import type { ReviewVerb, ReviewVote } from '../../../schemas/review.ts';

export const START_MS = Date.UTC(2030, 0, 1);
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const ASKED = 'a'.repeat(64);
export const EDITED = 'b'.repeat(64);

export const member = (memberId: string, role: Role | null = 'Reviewer', ...groups: string[]): Reviewer => ({ memberId, role, groups });

/** Three reviewers, two administrators, two owners. */
export const TEAM: readonly Reviewer[] = [
  member('ann'),
  member('bob'),
  member('cyd'),
  member('ada', 'Admin'),
  member('alf', 'Admin'),
  member('oda', 'Owner'),
  member('otto', 'Owner'),
];
export const only = (...ids: string[]): Reviewer[] => TEAM.filter(({ memberId }) => ids.includes(memberId));

/** `ann>bob`: ann has delegated to bob. */
export const delegated = (...arrows: `${string}>${string}`[]): ActiveDelegation[] =>
  arrows.map((arrow) => {
    const [from = '', to = ''] = arrow.split('>');
    return { from, to };
  });

export const standing = (over: Partial<Standing> = {}): Standing => ({ members: TEAM, delegations: [], excluded: [], ...over });

export const level = (over: Partial<ReviewLevel> = {}): ReviewLevel => ({ reviewers: { roles: ['Reviewer'] }, withinMs: HOUR_MS, ...over });
export const OWNERS = level({ reviewers: { roles: ['Owner'] } });
export const plan = (levels: ReviewLevel[], over: Partial<ReviewPlan> = {}): ReviewPlan => ({ levels, outcome: 'block', ...over });

export const vote = (step: ReviewVerb, memberId: string, over: Partial<VoteMove> = {}): VoteMove => ({ step, memberId, ...over });
export const edit = (memberId: string, digest = EDITED): VoteMove => vote('edit', memberId, { edit: { args: { amount: 5 }, digest } });

/** A vote that stands already; `ann for bob` where it fills another's seat. */
export function ballot(text: string, verb: ReviewVote['verb'] = 'approve'): ReviewVote {
  const [memberId = '', seat = memberId] = text.split(' for ');
  return { memberId, seat, verb, at: new Date(START_MS).toISOString() };
}

/** A review just opened. */
export function opened(asked: ReviewPlan): LadderMoved {
  const [first] = asked.levels;
  if (first === undefined) throw new Error('a plan has at least one level');
  const state = { level: 0, openedAtMs: START_MS, votes: [], steps: [] };
  return {
    status: 'pending',
    state,
    dueAtMs: levelEndMs(first, START_MS),
    expiresAtMs: ladderEndMs(asked, 0, START_MS),
    digest: ASKED,
    plan: asked,
    taken: [],
  };
}

/** One move a minute after the review was opened, by default among the whole team. */
export function attempt(from: LadderMoved, move: LadderMove, over: Partial<LadderContext> = {}): ReturnType<typeof climb> {
  const { plan: asked, state, expiresAtMs, digest } = from;
  return climb(asked, state, move, { nowMs: START_MS + MINUTE_MS, expiresAtMs, digest, standing: standing(), ...over });
}

/** Takes moves none of which is refused. */
export function after(from: LadderMoved, moves: readonly LadderMove[], over: Partial<LadderContext> = {}): LadderMoved {
  let at = from;
  for (const move of moves) {
    const result = attempt(at, move, over);
    if ('refused' in result) throw new Error(`${move.step} was refused: ${result.detail}`);
    at = result;
  }
  return at;
}

/** Why the move is refused; null where it is not. */
export function refusalOf(from: LadderMoved, move: LadderMove, over: Partial<LadderContext> = {}): RefusalCode | null {
  const result = attempt(from, move, over);
  return 'refused' in result ? result.refused : null;
}
