import type { VoteMove } from '../core/hitl/ladder-state.ts';
import type { ReviewDraft } from '../db/review-recording.ts';
import type { BatchDecision } from '../schemas/batch-decision.ts';
import type { AskedGroup } from './asked-groups.ts';

/** A review that is asked, and the decision of the batch that counts for it. */
export interface Ballot extends AskedGroup {
  decision: BatchDecision;
}

/** Keeps a statement short: entries of the ledger it writes. */
const MAX_ENTRIES = 1_000;

/** The first decision about each review that is asked. */
export function ballotsOf(left: readonly number[], decisions: readonly BatchDecision[], groupOf: ReadonlyMap<string, AskedGroup>): Ballot[] {
  const ballots = new Map<string, Ballot>();
  for (const index of left) {
    const decision = decisions[index];
    const group = decision && groupOf.get(decision.reviewId);
    if (decision !== undefined && group !== undefined && !ballots.has(group.row.id)) ballots.set(group.row.id, { ...group, decision });
  }
  return [...ballots.values()];
}

/** A batch's decision as the ladder takes it. */
export function moveOf({ verb, reason, message, digest }: BatchDecision, memberId: string, via: string): VoteMove {
  return {
    step: verb,
    memberId,
    via,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** Cut so that no statement grows long where reviews have many joined to them; a plain batch is one. */
export function statementsOf(items: readonly ReviewDraft[]): ReviewDraft[][] {
  const statements: ReviewDraft[][] = [];
  let room = 0;
  for (const item of items) {
    const size = item.entries.length + item.followers.length;
    if (statements.length === 0 || room < size) {
      statements.push([]);
      room = MAX_ENTRIES;
    }
    statements.at(-1)?.push(item);
    room -= size;
  }
  return statements;
}
