import type { LadderState } from '../../core/hitl/ladder-state.ts';
import type { ReviewPlan } from '../../core/hitl/review.ts';
import type { ReviewStatus } from '../../schemas/review.ts';
import type { Sql } from '../client.ts';
import { openStates, type ReviewSeal } from '../review-seal.ts';
import type { SubjectKeyUse } from '../subject-keys.ts';
import type { SubjectVault } from '../subject-vault.ts';
import { asTenant } from '../tenant.ts';

/** A review as its ladder needs it. */
export interface ReviewLadderRow {
  id: string;
  version: number;
  kind: 'gate' | 'after';
  status: ReviewStatus;
  eventId: string;
  agentId: string;
  /** Empty where it is erased. */
  actionDigest: string;
  plan: ReviewPlan;
  state: LadderState;
  summary: ReviewSummary;
  createdAtMs: number;
  dueAtMs: number | null;
  expiresAtMs: number;
  joinedTo: string | null;
  joined: string[];
  configVersion: number;
  /** The organisation has a channel in use. */
  hasChannel: boolean;
  seal: ReviewSeal;
}

/** What a review's row keeps of the decision that opened it. */
export interface ReviewSummary {
  reasons: string[];
  policy: { version: string; ruleId: string | null } | null;
  /** `key:<id>` or `member:<id>`. */
  requester: string;
  /** The user the event itself names as its principal: the reference of that data subject. */
  requestedForSubject?: string;
  /** The same by name, in rows of 0.1.0. */
  requestedFor?: string;
  /** Further people, `member:<id>`, who must not decide. */
  excludes?: string[];
  /** What a review of kind `after` is about. */
  judges?: 'break-glass' | 'alert';
}

type StoredRow = Omit<ReviewLadderRow, 'plan' | 'state' | 'summary' | 'createdAtMs' | 'dueAtMs' | 'expiresAtMs' | 'seal'> & {
  plan: string;
  state: string;
  summary: string;
  createdAt: Date;
  dueAt: Date | null;
  expiresAt: Date;
  subject: string | null;
};

/** Undefined when the organisation has no such review. */
export async function loadReviewLadder(vault: SubjectVault, { orgId, reviewId }: { orgId: string; reviewId: string }): Promise<ReviewLadderRow | undefined> {
  const [row] = await loadReviewLadders(vault, { orgId, reviewIds: [reviewId] });
  return row;
}

/** Those of the reviews that exist, in no order. */
export async function loadReviewLadders(
  vault: SubjectVault,
  { orgId, reviewIds }: { orgId: string; reviewIds: readonly string[] },
): Promise<ReviewLadderRow[]> {
  const rows = await asTenant(
    vault.sql,
    orgId,
    (tx) => tx<StoredRow[]>`
      select id, version, kind, status, event_id as "eventId", agent_id as "agentId", action_digest as "actionDigest", plan, state, summary,
             created_at as "createdAt", due_at as "dueAt", expires_at as "expiresAt", joined_to as "joinedTo", joined, config_version as "configVersion",
             encode(subject_ref, 'hex') as subject,
             exists (select from notification_channel c where c.org_id = ${orgId} and c.disabled_at is null) as "hasChannel"
      from review where org_id = ${orgId} and id = any (${vault.sql.array([...reviewIds], 25)}::text[])`,
  );
  const opened = await openStates(vault, orgId, rows);
  return rows.flatMap(({ plan, state: _state, summary, createdAt, dueAt, expiresAt, subject: _subject, ...rest }, index) => {
    const row = opened[index];
    if (row === undefined) return [];
    return {
      ...rest,
      ...row,
      plan: JSON.parse(plan) as ReviewPlan,
      summary: JSON.parse(summary) as ReviewSummary,
      createdAtMs: createdAt.getTime(),
      dueAtMs: dueAt?.getTime() ?? null,
      expiresAtMs: expiresAt.getTime(),
    };
  });
}

/** A record to append: id, RFC 8785 text, projection columns. */
export interface StepEntry {
  id: string;
  body: string;
  fields: Record<string, unknown>;
  /** References of the subjects that the body is sealed for. */
  subjects?: string[];
}

/** Columns of a review to set, as they are kept; the others stay. JSON columns as text, times as RFC 3339. */
export interface ReviewRowChange {
  status?: ReviewStatus;
  state?: string;
  plan?: string;
  summary?: string;
  action_digest?: string;
  due_at?: string | null;
  expires_at?: string;
  decided_at?: string;
  approval_expires_at?: string;
  config_version?: number;
  settled_by?: string;
  joined_to?: string | null;
  joined?: string[];
  /** Taken once: whose the texts are, and the version of the key. */
  subject?: string;
  subject_version?: number;
}

/** See `review_record` in migrations 0007, 0016 and 0026. `review-recording.ts` makes it. */
export interface ReviewRecordItem {
  org: string;
  id: string;
  /** Version of the row the step was computed from. */
  version: number;
  /** How whoever took the step came, as in the step. */
  via?: string;
  /** False lets a step be recorded about a review that is decided. */
  open_only?: boolean;
  /** The first is the step itself; its id is derived from review and step, so that a retry is the same record. */
  entries: StepEntry[];
  row: ReviewRowChange;
  followers: { id: string; entries: StepEntry[]; row: ReviewRowChange }[];
  violations: StepEntry[];
  audits: StepEntry[];
  alerts: { id: string; cause: string; reasons: string }[];
  votes: { record_id: string; member_id: string; verb: string; at: string; took_ms: number | null; quick: boolean }[];
  opens: AfterReviewRow | null;
  /** Everything above is sealed under these. */
  keys?: SubjectKeyUse[];
}

/** A further review that a move opens. */
export interface AfterReviewRow {
  id: string;
  plan: string;
  state: string;
  summary: string;
  created_at: string;
  due_at: string;
  expires_at: string;
  action_digest?: string;
  subject?: string;
  subject_version?: number;
}

export type ReviewRecordStatus = 'recorded' | 'exists' | 'stale';

/** Records a batch in one statement. `stale`: the row has moved on since it was read, or a key has, or what the step came by is revoked; `exists`: this very step was recorded before. */
export async function recordReviewSteps(sql: Sql, items: readonly ReviewRecordItem[]): Promise<ReviewRecordStatus[]> {
  const rows = await sql<{ ord: number; status: ReviewRecordStatus }[]>`
    select ord, status from review_record(${sql.array(
      items.map((item) => JSON.stringify(item)),
      25,
    )}::text[]::jsonb[])`;
  const statuses: ReviewRecordStatus[] = [];
  for (const { ord, status } of rows) statuses[ord - 1] = status;
  return statuses;
}
