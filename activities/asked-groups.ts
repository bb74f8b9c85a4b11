import { loadReviewLadders, type ReviewLadderRow } from '../db/queries/review-steps.ts';
import type { SubjectVault } from '../db/subject-vault.ts';

/** A review that is asked, and those that are decided with it. */
export interface AskedGroup {
  row: ReviewLadderRow;
  joined: ReviewLadderRow[];
}

/** By each of these reviews' ids, what is asked in its place: itself, or the one it joined. Unknown ids are left out. */
export async function loadAskedGroups(
  vault: SubjectVault,
  { orgId, reviewIds }: { orgId: string; reviewIds: readonly string[] },
): Promise<Map<string, AskedGroup>> {
  const known = new Map<string, ReviewLadderRow>();
  const load = async (ids: Iterable<string>): Promise<void> => {
    const missing = [...new Set(ids)].filter((id) => !known.has(id));
    if (missing.length === 0) return;
    for (const row of await loadReviewLadders(vault, { orgId, reviewIds: missing })) known.set(row.id, row);
  };
  const isLed = ({ joinedTo, status }: ReviewLadderRow): boolean => joinedTo !== null && status === 'pending';
  const askedId = (row: ReviewLadderRow): string => (isLed(row) ? (row.joinedTo ?? row.id) : row.id);

  await load(reviewIds);
  const named = reviewIds.flatMap((id) => known.get(id) ?? []);
  await load(named.map(askedId));
  const asked = new Map(named.flatMap((row) => known.get(askedId(row)) ?? []).map((row) => [row.id, row]));
  await load([...asked.values()].flatMap(({ joined }) => joined));
  const groups = new Map<string, AskedGroup>();
  for (const row of asked.values()) {
    const followers = row.joined.flatMap((id) => known.get(id) ?? []).filter(({ joinedTo }) => joinedTo === row.id);
    groups.set(row.id, { row, joined: followers });
  }
  return new Map(
    named.flatMap((row) => {
      const group = groups.get(askedId(row));
      return group === undefined ? [] : [[row.id, group] as const];
    }),
  );
}

/** What nobody can read any more nobody decides: it is about to be refused by itself. */
export const ERASED = { refused: 'erased', detail: 'the data that this review is about were erased' } as const;

/** What was sent by a key, or under a secret, falls with it, recorded or not. */
export const REVOKED = { refused: 'not-a-reviewer', detail: 'the key, or the secret, that the decision came by was revoked' } as const;
