import type { Attack } from './attack.ts';
import { AT, NEIGHBOUR, OURS, THEIRS } from './scene/landmarks.ts';
import type { Moment } from './scene/scene.ts';

/** What must be found when one column of one row is changed. `set` is the new value where that of its type would not do. */
export interface ColumnCase extends Pick<Attack, 'finds' | 'neighbour' | 'harmless' | 'on'> {
  set?: string;
}

/** The row that is changed, and what is found by column. A table may be no evidence at all: nothing of it is shown to an outsider. */
type TableCase = { row: string; on?: Moment; columns: Record<string, ColumnCase | string[]> } | { evidence: 'none'; because: string };

const entry = (code: string, seq: number, more = ''): string => `${code} entry:${seq}${more}`;
const theirs = `'${NEIGHBOUR}'`;
/** The first checkpoint that covers the entries of `AT.event` and behind it. */
const COVERING = 7;
/** Events that were told of checkpoint 6. */
const TOLD_OF_SIX = entry('PROJECTION_MISMATCH', AT.tiled, ' ×104');
const root = `ROOT_MISMATCH checkpoint:${COVERING}`;

/** Columns that all four tables of bodies have. `other` is a retention class that the row does not have. */
const body = (seq: number): Record<string, ColumnCase | string[]> => ({
  org_id: { set: theirs, finds: [entry('UNEXPLAINED_MISSING', seq)], neighbour: [`ORPHAN_BODY body:${seq}`] },
  seq: { set: '100000', finds: ['ORPHAN_BODY body:100000', entry('UNEXPLAINED_MISSING', seq)] },
  retention: { set: '90', finds: [entry('PROJECTION_MISMATCH', seq)] },
  at: [entry('PROJECTION_MISMATCH', seq)],
  record_id: [entry('PROJECTION_MISMATCH', seq)],
  body: { set: `body || ' '`, finds: [entry('BODY_MISMATCH', seq)] },
});
const projected = (seq: number, ...columns: string[]): Record<string, string[]> =>
  Object.fromEntries(columns.map((column) => [column, [entry('PROJECTION_MISMATCH', seq)]]));

/** The proof of the deployment log cannot be made, or is wrong: for everybody. */
const BAD_PROOF: ColumnCase = { finds: ['BAD_PROOF deployment'], neighbour: ['BAD_PROOF deployment'] };

/** No checkpoint counts any more, of anybody. */
const unsigned = (...more: string[]): ColumnCase => ({
  finds: [`BAD_SIGNATURE checkpoint:1 ×${AT.checkpoints}`, ...more, `MISSING_HEARTBEAT checkpoint:${AT.checkpoints + 1}`, 'TILE_MISMATCH tile:0/0 ×2'],
  neighbour: [`BAD_SIGNATURE checkpoint:1 ×${THEIRS.checkpoints}`, ...more, `MISSING_HEARTBEAT checkpoint:${THEIRS.checkpoints + 1}`],
});

const NOT_SHOWN = 'not part of an export';
const INDEX_ONLY = 'finds a leaf; the log is made of the hashes';

export const COLUMN_FINDINGS: Record<string, TableCase> = {
  ledger_head: {
    row: `org_id = '${OURS}'`,
    columns: {
      org_id: { finds: 'no export' },
      next_seq: ['HEAD_MISMATCH head'],
      head: ['HEAD_MISMATCH head'],
      last_at: ['HEAD_MISMATCH head'],
      checkpoint_size: ['HEAD_MISMATCH head'],
    },
  },
  ledger_entry: {
    row: `org_id = '${OURS}' and seq = ${AT.event}`,
    columns: {
      org_id: {
        set: theirs,
        finds: [entry('ENTRY_MISMATCH', AT.event + 1), entry('GAP', AT.event), `ORPHAN_BODY body:${AT.event}`, root],
        // There it stands behind the head.
        neighbour: [
          entry('ENTRY_MISMATCH', AT.event),
          entry('GAP', THEIRS.entries),
          'HEAD_MISMATCH head',
          entry('TIME_REGRESSION', AT.event),
          entry('UNEXPLAINED_MISSING', AT.event),
        ],
      },
      seq: {
        set: '100000',
        finds: [
          entry('ENTRY_MISMATCH', AT.event + 1, ' ×2'),
          entry('GAP', AT.event, ' ×2'),
          'HEAD_MISMATCH head',
          `ORPHAN_BODY body:${AT.event}`,
          root,
          'TIME_REGRESSION entry:100000',
          'UNEXPLAINED_MISSING entry:100000',
        ],
      },
      kind: { set: '3', finds: [entry('ENTRY_MISMATCH', AT.event), entry('PROJECTION_MISMATCH', AT.event)] },
      record_id: [entry('ENTRY_MISMATCH', AT.event), entry('PROJECTION_MISMATCH', AT.event)],
      at: [entry('ENTRY_MISMATCH', AT.event), entry('PROJECTION_MISMATCH', AT.event)],
      retain_days: [entry('ENTRY_MISMATCH', AT.event), entry('PROJECTION_MISMATCH', AT.event)],
      body_hash: [entry('BODY_MISMATCH', AT.event), entry('ENTRY_MISMATCH', AT.event)],
      entry_hash: [entry('ENTRY_MISMATCH', AT.event, ' ×2'), root],
    },
  },
  agent_events: {
    row: `org_id = '${OURS}' and seq = ${AT.event}`,
    columns: {
      ...body(AT.event),
      ...projected(AT.event, 'event_id', 'event_digest', 'agent_id', 'action', 'session_id', 'value', 'risk_score', 'categories', 'policy_version', 'rule_id'),
      checkpoint_size: [entry('PROJECTION_MISMATCH', AT.event)],
    },
  },
  hitl_decisions: {
    row: `org_id = '${OURS}' and seq = ${AT.step}`,
    columns: { ...body(AT.step), ...projected(AT.step, 'review_id', 'event_id', 'step', 'actor') },
  },
  audit_records: {
    row: `org_id = '${OURS}' and seq = ${AT.audit}`,
    columns: { ...body(AT.audit), ...projected(AT.audit, 'type', 'actor', 'target') },
  },
  policy_violations: {
    row: `org_id = '${OURS}' and seq = ${AT.violation}`,
    columns: { ...body(AT.violation), ...projected(AT.violation, 'event_id', 'agent_id', 'value', 'rule_id', 'detectors') },
  },
  ledger_checkpoint: {
    row: `org_id = '${OURS}' and number = 6`,
    columns: {
      org_id: ['CHECKPOINT_MISSING checkpoint:6', TOLD_OF_SIX],
      number: {
        set: '1000',
        finds: ['CHECKPOINT_MISSING checkpoint:6 ×2', 'HEAD_MISMATCH head', 'INCONSISTENT_CHECKPOINTS checkpoint:1000', 'TIME_REGRESSION checkpoint:1000'],
      },
      size: ['PROJECTION_MISMATCH checkpoint:6', TOLD_OF_SIX],
      root: ['PROJECTION_MISMATCH checkpoint:6'],
      note: ['BAD_SIGNATURE checkpoint:6'],
      signed_at: { set: `signed_at + interval '2 minutes'`, finds: ['PROJECTION_MISMATCH checkpoint:6'] },
    },
  },
  ledger_tile: {
    row: `org_id = '${OURS}' and level = 0 and idx = 1`,
    columns: {
      org_id: ['TILE_MISMATCH tile:0/1'],
      level: ['TILE_MISMATCH tile:0/1 ×2'],
      idx: ['TILE_MISMATCH tile:0/1 ×2'],
      root: ['TILE_MISMATCH tile:0/1'],
    },
  },
  deployment_leaf: {
    row: `org_id = '${OURS}' and number = ${AT.checkpoints}`,
    columns: {
      idx: { set: '999999', ...BAD_PROOF },
      org_id: { finds: [], harmless: INDEX_ONLY },
      number: { finds: [], harmless: INDEX_ONLY },
      hash: BAD_PROOF,
    },
  },
  deployment_checkpoint: {
    row: 'number = (select max(number) from deployment_checkpoint)',
    columns: {
      number: { finds: [], harmless: 'orders them; what is signed is the note' },
      size: BAD_PROOF,
      root: { finds: [], harmless: 'the note has it' },
      note: { finds: ['BAD_SIGNATURE deployment'], neighbour: ['BAD_SIGNATURE deployment'] },
      signed_at: { finds: [], harmless: NOT_SHOWN },
    },
  },
  deployment_tile: {
    row: 'level = 0 and idx = 0',
    columns: { level: BAD_PROOF, idx: { set: '999', ...BAD_PROOF }, root: BAD_PROOF },
  },
  log_key: {
    row: `use = 'log'`,
    columns: {
      vkey: unsigned(),
      // Logs are named after the host in it.
      name: unsigned('BAD_SIGNATURE deployment'),
      use: { set: `'time'`, ...unsigned('MALFORMED file:keys.json') },
      created_at: { finds: [], harmless: NOT_SHOWN },
      retired_at: { finds: [], harmless: NOT_SHOWN },
    },
  },
  ledger_prune: {
    row: `org_id = '${OURS}'`,
    on: 'pruned',
    columns: {
      org_id: ['ENTRY_MISMATCH entry:256', 'GAP entry:0', 'ROOT_MISMATCH checkpoint:1'],
      // The export begins there, behind the hash of an earlier entry.
      min_index: { set: '512', finds: ['ENTRY_MISMATCH entry:512', 'GAP entry:0'] },
      anchor_hash: ['ENTRY_MISMATCH entry:256', 'GAP entry:0'],
      entry_seq: { finds: [], harmless: NOT_SHOWN },
      purged_at: { finds: [], harmless: NOT_SHOWN },
      up_to: { finds: [], harmless: NOT_SHOWN },
      as_of: { finds: [], harmless: NOT_SHOWN },
      version: { finds: [], harmless: NOT_SHOWN },
      statement: { finds: [], harmless: NOT_SHOWN },
    },
  },
  anchor_receipt: { evidence: 'none', because: 'what an anchor holds is read at the anchor' },
  ledger_check: { evidence: 'none', because: 'says what a verifier found; whoever doubts it verifies again' },
};
