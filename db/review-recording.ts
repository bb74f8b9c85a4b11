import type { LadderState } from '../core/hitl/ladder-state.ts';
import { canonicalize } from '../core/json/canonical.ts';
import type { Json, JsonObject } from '../schemas/json.ts';
import type { ReviewStatus, ReviewStep } from '../schemas/review.ts';
import {
  type AfterReviewRow,
  recordReviewSteps,
  type ReviewLadderRow,
  type ReviewRecordItem,
  type ReviewRecordStatus,
  type ReviewRowChange,
  type StepEntry,
} from './queries/review-steps.ts';
import { sealState, splitStep, storedDigest } from './review-seal.ts';
import type { SubjectKeyUse } from './subject-keys.ts';
import { keysOf, refsOf, type Sealing, type SubjectVault } from './subject-vault.ts';

/** One record about a review, not sealed yet. */
export interface StepDraft {
  id: string;
  of: ReviewLadderRow;
  step: ReviewStep;
  status: ReviewStatus;
  /** The arguments an edit has put in place. */
  args?: JsonObject;
}

/** Columns to set. `digest`, of the action as it is asked from here on, comes with `state`. */
export type ReviewChange = Omit<ReviewRowChange, 'state' | 'action_digest' | 'subject' | 'subject_version'> & { state?: LadderState; digest?: string };

interface MovedReview {
  /** The row as it was read. */
  of: ReviewLadderRow;
  entries: StepDraft[];
  change: ReviewChange;
}

/** Everything one move changes, not sealed yet. */
export interface ReviewDraft extends MovedReview, Pick<ReviewRecordItem, 'org' | 'violations' | 'audits' | 'alerts' | 'votes'> {
  /** Moved with it. By id alone: only to be looked at again. */
  followers: (MovedReview | { id: string })[];
  opens: (Omit<AfterReviewRow, 'state' | 'action_digest' | 'subject' | 'subject_version'> & { state: LadderState }) | null;
}

/** Seals drafts and records them in one statement, as `recordReviewSteps` does. */
export async function recordReviewDrafts(vault: SubjectVault, drafts: readonly ReviewDraft[]): Promise<ReviewRecordStatus[]> {
  const items = await sealDrafts(vault, drafts);
  const statuses = await recordReviewSteps(vault.sql, items);
  await noteKeys(vault, items, (_item, index) => statuses[index]);
  return statuses;
}

/** Drafts as the database takes them, in order. */
export async function sealDrafts<Draft extends ReviewDraft>(vault: SubjectVault, drafts: readonly Draft[]): Promise<ReviewRecordItem[]> {
  const subjects = new Map<string, Set<string>>();
  for (const { org, of, followers } of drafts) {
    const wanted = subjects.get(org) ?? new Set();
    for (const row of [of, ...followers.flatMap((each) => ('of' in each ? each.of : []))]) wanted.add(row.seal.subject);
    subjects.set(org, wanted);
  }
  for (const [org, wanted] of subjects) await vault.prepare(org, [...wanted]);
  return drafts.map((draft) => sealDraft(vault, draft));
}

/** After the statement: what it stored is stored, and what it found out of date is read anew. */
export async function noteKeys<Item extends ReviewRecordItem>(
  vault: SubjectVault,
  items: readonly Item[],
  statusOf: (item: Item, index: number) => ReviewRecordStatus | undefined,
): Promise<void> {
  for (const [index, item] of items.entries()) {
    const { org, keys = [] } = item;
    const status = statusOf(item, index);
    if (status === 'recorded') vault.taken(org, keys);
    else if (status === 'stale') await vault.renew(org, refsOf(keys));
  }
}

function sealDraft(vault: SubjectVault, draft: ReviewDraft): ReviewRecordItem {
  const { org, of, followers, opens, violations, audits, alerts, votes } = draft;
  const keys: SubjectKeyUse[][] = [];
  const entriesOf = (entries: readonly StepDraft[]): StepEntry[] =>
    entries.map((entry) => {
      const sealed = sealStep(vault, org, entry);
      keys.push(sealed.keys);
      return sealed.entry;
    });
  const rowOf = (row: ReviewLadderRow, change: ReviewChange): ReviewRowChange => {
    const sealed = sealChange(vault, org, row, change);
    keys.push(sealed.keys);
    return sealed.row;
  };
  const via = draft.entries[0]?.step.via;
  const item: ReviewRecordItem = {
    org,
    id: of.id,
    ...(via === undefined ? {} : { via }),
    version: of.version,
    entries: entriesOf(draft.entries),
    row: rowOf(of, draft.change),
    followers: followers.map((each) =>
      'of' in each ? { id: each.of.id, entries: entriesOf(each.entries), row: rowOf(each.of, each.change) } : { id: each.id, entries: [], row: {} },
    ),
    violations,
    audits,
    alerts,
    votes,
    opens: null,
  };
  if (opens !== null) {
    const { row } = sealChange(vault, org, { ...of, id: opens.id }, { state: opens.state, digest: of.actionDigest });
    item.opens = { ...opens, ...row, state: row.state ?? '' } as AfterReviewRow;
  }
  return { ...item, keys: keysOf(keys.map((uses) => ({ keys: uses }))) };
}

/** A step's record: version 2 of the body of `hitl_decisions`, docs/spec/sealed-fields.md. */
function sealStep(vault: SubjectVault, org: string, { id, of, step, status, args }: StepDraft): Pick<Sealing, 'keys'> & { entry: StepEntry } {
  const { id: reviewId, eventId, seal } = of;
  const { readable, personal } = splitStep(step);
  const fields = args === undefined ? personal : { ...personal, args };
  const { sealed, keys } = Object.keys(fields).length === 0 ? NOTHING : vault.seal(org, [{ place: `step/${id}`, subject: seal.subject, fields }]);
  const digest = step.digest ?? of.actionDigest;
  const actionDigest = digest === '' ? seal.digest : storedDigest(vault, org, digest);
  const body = { v: 2, reviewId, eventId, actionDigest, ...readable, status, sealed };
  const entry: StepEntry = {
    id,
    body: canonicalize(body as unknown as Json),
    fields: { reviewId, eventId, step: step.step, actor: step.actor },
    subjects: sealed.map(({ subject }) => subject),
  };
  return { entry, keys };
}

function sealChange(
  vault: SubjectVault,
  org: string,
  { id: reviewId, seal, actionDigest: before }: Pick<ReviewLadderRow, 'id' | 'seal' | 'actionDigest'>,
  { state, digest = before, ...row }: ReviewChange,
): Pick<Sealing, 'keys'> & { row: ReviewRowChange } {
  if (state === undefined) return { row, keys: [] };
  const { subject } = seal;
  const sealed = sealState(vault, org, { reviewId, subject, state, actionDigest: digest === '' ? null : digest });
  const named = sealed.version === null ? {} : { subject, subject_version: sealed.version };
  return { row: { ...row, state: sealed.state, ...(digest === '' ? {} : { action_digest: storedDigest(vault, org, digest) }), ...named }, keys: sealed.keys };
}

const NOTHING: Sealing = { sealed: [], keys: [] };
