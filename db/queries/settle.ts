import type { Sql } from '../client.ts';
import type { SubjectKeyUse } from '../subject-keys.ts';

/** One decision to settle: see `governance_settle` in migrations 0007 and 0016. */
export interface SettleItem {
  org: string;
  eventId: string;
  recordId: string;
  /** Keyed hash of the event, hex. */
  digest: string;
  /** RFC 8785 text of a `StoredEventRecord`. */
  body: string;
  fields: EventFields;
  configVersion: number;
  /** What this counts against the month's quota. */
  units: number;
  agent: { id: string; register: boolean; touch: boolean };
  session: { id: string; version: number; state: string; holder: string; reserve: boolean } | null;
  review: ReviewRowInput | null;
  /** The grant that let the action pass; its use is recorded with it. */
  grant: string | null;
  alert: { id: string; cause: string; reasons: string } | null;
  /** `due_at` null: the time runs from the use of the approval. */
  outcome: { within_ms: number; due_at: string | null } | null;
  violations: { id: string; body: string; fields: ViolationFields }[];
  /** Everything above is sealed under these. */
  keys: SubjectKeyUse[];
  /** References of the subjects that the body is sealed for. */
  subjects: string[];
}

export interface EventFields {
  eventId: string;
  eventDigest: string;
  agentId: string;
  action: string;
  sessionId: string | null;
  value: string;
  riskScore: number;
  categories: string[];
  policyVersion: string | null;
  ruleId: string | null;
}

export interface ViolationFields {
  eventId: string;
  agentId: string;
  value: string;
  ruleId: string | null;
  detectors: string[];
}

export interface ReviewRowInput {
  id: string;
  /** As the row keeps it: keyed. */
  digest: string;
  plan: string;
  state: string;
  summary: string;
  /** May be asked through a pending review of the same session and digest. */
  joins: boolean;
  /** Whose its texts are, and the version of the key they are sealed under. Absent: they are readable, as in rows of 0.1.0. */
  subject?: string;
  subject_version?: number;
  created_at: string;
  due_at: string;
  expires_at: string;
}

export type SettleResult =
  | { status: 'recorded'; seq: number; entryHash: string; checkpointSize: number }
  | { status: 'exists'; seq: number; entryHash: string; checkpointSize: number; body: string }
  | { status: 'conflict' }
  | { status: 'stale'; sessionVersion: number | null; sessionState: string | null; configVersion: number | null; grantSpent: boolean; keysStale: boolean }
  | { status: 'quota' };

interface SettleRow {
  ord: number;
  status: SettleResult['status'];
  seq: number | null;
  entryHash: string | null;
  checkpointSize: number | null;
  body: string | null;
  sessionVersion: number | null;
  sessionState: string | null;
  configVersion: number | null;
  grantSpent: boolean | null;
  keysStale: boolean | null;
}

/** Settles a batch in one statement; results in the order of the items. */
export async function settleDecisions(sql: Sql, items: SettleItem[]): Promise<SettleResult[]> {
  const rows = await sql<SettleRow[]>`
    select ord, status, seq, encode(entry_hash, 'hex') as "entryHash", checkpoint_size as "checkpointSize", body,
           session_version as "sessionVersion", session_state as "sessionState", config_version as "configVersion", grant_spent as "grantSpent",
           keys_stale as "keysStale"
    from governance_settle(${sql.array(
      items.map((item) => JSON.stringify(item)),
      25,
    )}::text[]::jsonb[])`;
  const results: SettleResult[] = [];
  for (const row of rows) results[row.ord - 1] = resultOf(row);
  return results;
}

function resultOf(row: SettleRow): SettleResult {
  const position = { seq: row.seq ?? -1, entryHash: row.entryHash ?? '', checkpointSize: row.checkpointSize ?? 0 };
  switch (row.status) {
    case 'recorded':
      return { status: 'recorded', ...position };
    case 'exists':
      return { status: 'exists', ...position, body: row.body ?? '' };
    case 'stale':
      return {
        status: 'stale',
        sessionVersion: row.sessionVersion,
        sessionState: row.sessionState,
        configVersion: row.configVersion,
        grantSpent: row.grantSpent === true,
        keysStale: row.keysStale === true,
      };
    case 'conflict':
    case 'quota':
      return { status: row.status };
  }
}
