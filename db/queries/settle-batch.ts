import type { Sql } from '../client.ts';
import type { SubjectKeyUse } from '../subject-keys.ts';
import type { SettleItem } from './settle.ts';

/** What of a decision is recorded, whatever stands beside it. */
export type BatchEntry = Pick<SettleItem, 'recordId' | 'digest' | 'body' | 'fields' | 'alert' | 'violations' | 'subjects'>;

/** Events of one organisation that have happened already: see `settle_batch` in migration 0022. */
export interface BatchSettlement {
  org: string;
  configVersion: number;
  /** Names this process to reservations of sessions. */
  holder: string;
  /** `version` before the batch, `state` after the `events` of it. */
  sessions: { id: string; version: number; events: number; state: string }[];
  /** Agents to register, and those to note as seen. */
  register: string[];
  touch: string[];
  /** In the order of the ledger. */
  entries: BatchEntry[];
  /** Everything above is sealed under these. */
  keys: SubjectKeyUse[];
}

export interface BatchReceipt {
  seq: number;
  entryHash: string;
  checkpointSize: number;
}

export type BatchSettled =
  | { status: 'recorded'; receipts: BatchReceipt[] }
  | {
      status: 'refused';
      /** By their place among the entries: what stood already. `body` null: with another digest. */
      known: Map<number, BatchReceipt & { body: string | null }>;
      configChanged: boolean;
      /** Those that have moved on, as they stand. */
      sessions: { id: string; version: number; state: string | null }[];
      /** Events that the month has room for; null where it has for all that are new. */
      room: number | null;
      keysStale: boolean;
    };

interface BatchRow {
  status: 'recorded' | 'exists' | 'conflict' | 'config' | 'session' | 'quota' | 'keys';
  ord: number | null;
  seq: number | null;
  entryHash: string | null;
  checkpointSize: number | null;
  body: string | null;
  session: string | null;
  version: number | null;
  state: string | null;
}

/** Settles the batch in one statement, all of it or nothing. */
export async function settleBatch(sql: Sql, { org, entries, ...rest }: BatchSettlement): Promise<BatchSettled> {
  const { records, entryAt } = recordsOf(entries);
  const rows = await sql<BatchRow[]>`
    select status, ord, seq, encode(entry_hash, 'hex') as "entryHash", checkpoint_size as "checkpointSize", body, session, version, state
    from settle_batch(${org},
      ${sql.array(
        records.map(({ kind }) => kind),
        21,
      )}::smallint[],
      ${sql.array(
        records.map(({ id }) => id),
        2950,
      )}::uuid[],
      ${sql.array(
        records.map(({ digest }) => digest),
        25,
      )}::text[],
      ${records.map(({ body }) => body).join('\n')},
      ${records.map(({ fields }) => JSON.stringify(fields)).join('\n')},
      ${JSON.stringify({ ...rest, alerts: alertsOf(entries), uses: usesOf(entries, entryAt) })}::text::jsonb)`;
  const placeOf = new Map(entryAt.map((ord, place) => [ord, place]));
  return settledOf(rows, placeOf, entries.length);
}

interface BatchRecord {
  kind: 1 | 4;
  id: string;
  digest: string | null;
  body: string;
  fields: object;
}

/** Each event with its violations behind it; `entryAt` has the place (from 1) of each event among them. */
function recordsOf(entries: readonly BatchEntry[]): { records: BatchRecord[]; entryAt: number[] } {
  const records: BatchRecord[] = [];
  const entryAt: number[] = [];
  for (const { recordId, digest, body, fields, violations } of entries) {
    entryAt.push(records.push({ kind: 1, id: recordId, digest, body, fields }));
    for (const violation of violations) records.push({ kind: 4, digest: null, ...violation });
  }
  return { records, entryAt };
}

const alertsOf = (entries: readonly BatchEntry[]): object[] =>
  entries.flatMap(({ alert, fields: { eventId, agentId, action, riskScore } }) =>
    alert === null ? [] : [{ ...alert, event_id: eventId, agent_id: agentId, action, risk_score: riskScore }],
  );

const usesOf = (entries: readonly BatchEntry[], entryAt: readonly number[]): object[] =>
  entries.flatMap(({ subjects }, place) => subjects.map((ref) => ({ ord: entryAt[place], ref })));

function settledOf(rows: readonly BatchRow[], placeOf: ReadonlyMap<number, number>, count: number): BatchSettled {
  const receipts: BatchReceipt[] = [];
  const known = new Map<number, BatchReceipt & { body: string | null }>();
  const sessions: { id: string; version: number; state: string | null }[] = [];
  let configChanged = false;
  let room: number | null = null;
  let keysStale = false;
  for (const { status, ord, seq, entryHash, checkpointSize, body, session, version, state } of rows) {
    const receipt = { seq: seq ?? -1, entryHash: entryHash ?? '', checkpointSize: checkpointSize ?? 0 };
    const place = placeOf.get(ord ?? 0) ?? -1;
    switch (status) {
      case 'recorded':
        receipts[place] = receipt;
        break;
      case 'exists':
      case 'conflict':
        known.set(place, { ...receipt, body: status === 'exists' ? body : null });
        break;
      case 'session':
        sessions.push({ id: session ?? '', version: version ?? 0, state });
        break;
      case 'config':
        configChanged = true;
        break;
      case 'quota':
        room = version ?? 0;
        break;
      case 'keys':
        keysStale = true;
    }
  }
  if (receipts.length === count) return { status: 'recorded', receipts };
  return { status: 'refused', known, configChanged, sessions, room, keysStale };
}
