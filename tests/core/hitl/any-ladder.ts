import * as fc from 'fast-check';
import type { Reviewer, Standing } from '../../../core/hitl/electorate.ts';
import { climb, type LadderMove } from '../../../core/hitl/ladder.ts';
import type { LadderMoved, VoteMove } from '../../../core/hitl/ladder-state.ts';
import type { ReviewPlan } from '../../../core/hitl/review.ts';
import type { ReviewLevel, Reviewers } from '../../../schemas/review-policy.ts';
import type { ReviewStep } from '../../../schemas/review.ts';
import { ASKED, EDITED, opened } from './ladders.ts';

const IDS = ['ann', 'bob', 'cyd', 'ada', 'oda'] as const;
const ROLES = ['Reviewer', 'Admin', 'Owner'] as const;
const anyId = fc.constantFrom(...IDS);
const anyDigest = fc.constantFrom(ASKED, EDITED);

const anyReviewers: fc.Arbitrary<Reviewers> = fc.oneof(
  fc.record({ roles: fc.subarray([...ROLES], { minLength: 1 }) }),
  fc.record({ users: fc.subarray([...IDS], { minLength: 1 }), groups: fc.constant<string[]>(['finance']) }),
);
const anyLevel: fc.Arbitrary<ReviewLevel> = fc.record(
  {
    reviewers: anyReviewers,
    quorum: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.constant('all' as const)),
    separation: fc.subarray([...ROLES], { minLength: 1, maxLength: 2 }),
    withinMs: fc.integer({ min: 100, max: 3_600_000 }),
  },
  { requiredKeys: ['reviewers', 'withinMs'] },
);
export const anyPlan: fc.Arbitrary<ReviewPlan> = fc.record(
  {
    levels: fc.array(anyLevel, { minLength: 1, maxLength: 4 }),
    outcome: fc.constantFrom('block', 'allow'),
    allowEdit: fc.constant(true),
    reasonRequired: fc.boolean(),
    twoPerson: fc.boolean(),
    breakGlass: fc.record({ reviewers: anyReviewers, reviewWithinMs: fc.constant(1_000) }),
  },
  { requiredKeys: ['levels', 'outcome'] },
);

/** Mostly everybody, in their usual role; sometimes somebody is gone, promoted, away or behind the request. */
const anyMember = (memberId: string, index: number): fc.Arbitrary<Reviewer | null> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constant({ memberId, role: ROLES[Math.max(0, index - 2)] ?? null, groups: [] }) },
    { weight: 1, arbitrary: fc.constantFrom(...ROLES).map((role) => ({ memberId, role, groups: ['finance'] })) },
    { weight: 1, arbitrary: fc.constant(null) },
  );
const anyStanding: fc.Arbitrary<Standing> = fc.record({
  members: fc.tuple(...IDS.map(anyMember)).map((members) => members.filter((each) => each !== null)),
  delegations: fc.array(fc.record({ from: anyId, to: anyId }), { maxLength: 3 }),
  excluded: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 2, arbitrary: fc.subarray([...IDS], { maxLength: 2 }) }),
});

const anyVote: fc.Arbitrary<VoteMove> = fc.record(
  {
    step: fc.oneof(
      { weight: 8, arbitrary: fc.constant('approve' as const) },
      { weight: 3, arbitrary: fc.constantFrom('edit' as const, 'abstain' as const) },
      { weight: 1, arbitrary: fc.constantFrom('reject' as const, 'escalate' as const, 'respond' as const, 'break-glass' as const) },
    ),
    memberId: anyId,
    reason: fc.constant('because'),
    digest: anyDigest,
    edit: anyDigest.map((digest) => ({ args: { amount: 5 }, digest })),
    via: fc.constantFrom('session', 'link:1'),
  },
  { requiredKeys: ['step', 'memberId'] },
);
const anyOtherMove: fc.Arbitrary<LadderMove> = fc.oneof(
  fc.constant({ step: 'timeout' as const }),
  fc.record({ step: fc.constant('withdraw' as const), actor: fc.constant('key:1') }),
  fc.record({ step: fc.constant('void' as const), reason: fc.constant('left'), memberIds: fc.subarray([...IDS]) }),
  fc.record({ step: fc.constant('void' as const), reason: fc.constant('leaked'), via: fc.constant('link:1') }),
  fc.record({
    step: fc.constant('revise' as const),
    actor: fc.constant('system'),
    reason: fc.constant('p2'),
    to: fc.constantFrom('released' as const, 'refused' as const),
  }),
  fc.record({
    step: fc.constant('revise' as const),
    actor: fc.constant('system'),
    reason: fc.constant('p2'),
    to: fc.constant('pending' as const),
    plan: anyPlan,
    digest: anyDigest,
  }),
);

/** A move, the people there are when it is made, and the time since the one before. */
export interface Attempt {
  move: LadderMove;
  standing: Standing;
  afterMs: number;
}
const anyAttempt = (standings: fc.Arbitrary<Standing>): fc.Arbitrary<Attempt> =>
  fc.record({ move: fc.oneof({ weight: 6, arbitrary: anyVote }, { weight: 1, arbitrary: anyOtherMove }), standing: standings, afterMs: fc.nat(600_000) });

/** People come and go in some runs, and stay as they are in others. */
export const anyAttempts: fc.Arbitrary<Attempt[]> = fc.oneof(
  fc.array(anyAttempt(anyStanding), { maxLength: 16 }),
  anyStanding.chain((who) => fc.array(anyAttempt(fc.constant(who)), { maxLength: 16 })),
);

export interface Taken extends Attempt {
  before: LadderMoved;
  nowMs: number;
  result: ReturnType<typeof climb>;
}

/** Makes the attempts one after the other until the review is closed. What a move is given it cannot change: that would throw. */
export function history(asked: ReviewPlan, attempts: readonly Attempt[], startMs: number): Taken[] {
  const all: Taken[] = [];
  let before = frozen(opened(asked));
  let nowMs = startMs;
  for (const each of attempts) {
    if (before.status !== 'pending') break;
    nowMs += each.afterMs;
    const result = climb(before.plan, before.state, each.move, { nowMs, expiresAtMs: before.expiresAtMs, digest: before.digest, standing: each.standing });
    all.push({ ...each, before, nowMs, result });
    if (!('refused' in result)) before = frozen(result);
  }
  return all;
}

/** Whose approval of this digest stands at the level, told by the record alone: the seat each of them filled. */
export function approversIn(steps: readonly ReviewStep[], level: number, digest: string): Map<string, string> {
  const standing = new Map<string, { seat: string; digest: string | undefined }>();
  for (const { step, actor, onBehalfOf: seat = actor, voided = [], ...of } of steps) {
    for (const id of voided) standing.delete(id);
    if (step === 'revise') standing.clear();
    if (of.level !== level) continue;
    if (step === 'edit') standing.clear();
    if (step === 'approve' || step === 'edit') standing.set(actor, { seat, digest: of.digest });
    if (step === 'abstain') standing.delete(actor);
  }
  return new Map([...standing].filter(([, given]) => given.digest === digest).map(([actor, { seat }]) => [actor, seat]));
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}
