import { randomUUID } from 'node:crypto';
import { createRetentionActivities } from '../../activities/retention.ts';
import { explains, type PurgeStatement } from '../../core/ledger/retention.ts';
import { createTileBuilder, type TileBuilder } from '../../core/ledger/tiles.ts';
import type { Sql } from '../../db/client.ts';
import { appendRecords } from '../../db/queries/ledger.ts';
import { makeLedgerPartitions } from '../../db/queries/partitions.ts';
import type { PurgeProgress } from '../../db/queries/purge.ts';
import { type CheckpointItem, readEntries, recordCheckpoints } from '../../db/queries/signing.ts';
import { hexOf } from '../../core/encoding/hex.ts';
import { sha256 } from '../../db/ledger-primitives.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from './database.ts';
import { createLedgerClock, type LedgerClock } from './ledger-clock.ts';
import { auditRecord } from './ledger-records.ts';

/** A database with a clock of its own, checkpoints when they are asked for, and the purge's connection. */
export interface RetentionStage {
  database: TestDatabase;
  /** As `mg_app`. */
  sql: Sql;
  /** As `mg_purge`. */
  purgeSql: Sql;
  admin: Sql;
  clock: LedgerClock;
  /** Has a checkpoint cover everything that stands, of every organisation. */
  sign: () => Promise<void>;
  /** Days pass; then partitions are made for what follows, and everything is signed. */
  pass: (days: number) => Promise<void>;
  append: (orgId: string, count: number) => Promise<void>;
  purge: (options?: { runId?: string; batchSize?: number }) => Promise<PurgeProgress & { runId: string; leaves: number }>;
  /** Leaves the database without a connection. */
  close: () => Promise<void>;
  stop: () => Promise<void>;
}

export async function openRetentionStage(): Promise<RetentionStage> {
  const database = await createTestDatabase();
  const admin = openTestPool({ url: database.adminUrl, maxConnections: 2 });
  const purgeSql = openTestPool({ url: database.adminUrl, role: 'mg_purge', maxConnections: 4 });
  const clock = await createLedgerClock(admin);
  const signerSql = openTestPool({ url: database.adminUrl, role: 'mg_signer', maxConnections: 1 });
  const sign = createPlainSigner(signerSql, admin);
  const sql = database.appSql;
  let appended = 0;

  const stage: RetentionStage = {
    database,
    sql,
    purgeSql,
    admin,
    clock,
    sign,
    async pass(days) {
      await clock.advance(days);
      await makeLedgerPartitions(sql, { aheadDays: 1 });
      await sign();
    },
    async append(orgId, count) {
      const records = Array.from({ length: count }, () => auditRecord(orgId, `record-${(appended += 1)}`));
      for (let from = 0; from < records.length; from += 500) await appendRecords(sql, records.slice(from, from + 500));
    },
    async purge({ runId = `prg_${randomUUID()}`, batchSize = 100 } = {}) {
      const activities = createRetentionActivities({ sql: purgeSql, pageSize: 3, batchSize, batches: 5 });
      for (let after: string | null = null, isFirst = true; isFirst || after !== null; isFirst = false)
        ({ next: after } = await activities.recordPurges({ runId, after }));
      const { leaves } = await activities.dropLeaves({ runId });
      let progress: PurgeProgress;
      do progress = await activities.deleteBodies({ runId });
      while (progress.running > 0);
      return { ...progress, runId, leaves };
    },
    async close() {
      await Promise.all([signerSql, purgeSql, admin, sql].map((pool) => pool.end({ timeout: 1 })));
    },
    async stop() {
      await stage.close();
      await database.drop();
    },
  };
  return stage;
}

/** Which step a run is in: what the workflow would remember of it. */
export interface RunPosition {
  step: 'record' | 'drop' | 'delete' | 'done';
  after: string | null;
}

/** The steps of a run, one after the other, as the workflow takes them; from a position on, which it keeps up to date. */
export async function runPurge(
  purgeSql: Sql,
  { runId, batchSize, position = { step: 'record', after: null } }: { runId: string; batchSize: number; position?: RunPosition },
): Promise<PurgeProgress & { leaves: number }> {
  const activities = createRetentionActivities({ sql: purgeSql, pageSize: 2, batchSize, batches: 5 });
  let dropped = 0;
  while (position.step === 'record') {
    const { next } = await activities.recordPurges({ runId, after: position.after });
    Object.assign(position, { after: next, step: next === null ? 'drop' : 'record' });
  }
  if (position.step === 'drop') {
    ({ leaves: dropped } = await activities.dropLeaves({ runId }));
    position.step = 'delete';
  }
  for (;;) {
    const progress = await activities.deleteBodies({ runId });
    if (progress.running > 0) continue;
    position.step = 'done';
    return { ...progress, leaves: dropped };
  }
}

/** Checkpoints and tiles as the signer records them, but for the signatures: the purge reads sizes only. It keeps no notes in the ledger. */
export function createPlainSigner(sql: Sql, admin: Sql): () => Promise<void> {
  const trees = new Map<string, { builder: TileBuilder; number: number }>();
  let deployment = { number: 0, size: 0 };
  return async () => {
    const items: CheckpointItem[] = [];
    const leaves: { index: number; org: string; number: number; hash: string }[] = [];
    for (const { org, nextSeq } of await admin<{ org: string; nextSeq: number }[]>`select org_id as org, next_seq as "nextSeq" from ledger_head order by 1`) {
      const tree = trees.get(org) ?? { builder: createTileBuilder(sha256), number: 0 };
      trees.set(org, tree);
      const tiles = (await readEntries(sql, { org, fromSeq: tree.builder.size, untilSeq: nextSeq, limit: nextSeq })).flatMap(({ entryHash }) =>
        tree.builder.append(Buffer.from(entryHash, 'hex')),
      );
      tree.number += 1;
      const note = `${org} ${tree.number}`;
      items.push({
        org,
        number: tree.number,
        size: nextSeq,
        root: hexOf(tree.builder.root()),
        note,
        tiles: tiles.map((tile) => ({ ...tile, root: hexOf(tile.root) })),
      });
      leaves.push({
        index: deployment.size + leaves.length,
        org,
        number: tree.number,
        hash: hexOf(sha256(Buffer.concat([Buffer.of(0), sha256(Buffer.from(note))]))),
      });
    }
    deployment = { number: deployment.number + 1, size: deployment.size + leaves.length };
    await recordCheckpoints(sql, items, { ...deployment, root: '00'.repeat(32), note: '', leaves, tiles: [] });
  };
}

export interface LedgerState {
  entries: { seq: number; atMs: number; retainDays: number; hasBody: boolean; isDefault: boolean }[];
  /** `details` of the newest purge entry whose body is there. */
  statement: (PurgeStatement & { purgedAtMs: number; seq: number }) | null;
}

/** What stands of a ledger, as a superuser sees it. */
export async function readLedger(admin: Sql, orgId: string): Promise<LedgerState> {
  const entries = await admin<LedgerState['entries']>`
    select e.seq, epoch_ms(e.at) as "atMs", e.retain_days as "retainDays", b.seq is not null as "hasBody", coalesce(b.leaf like '%_default', false) as "isDefault"
    from ledger_entry e left join (
      select org_id, seq, tableoid::regclass::text as leaf from agent_events union all select org_id, seq, tableoid::regclass::text from hitl_decisions
      union all select org_id, seq, tableoid::regclass::text from audit_records union all select org_id, seq, tableoid::regclass::text from policy_violations) b
      on b.org_id = e.org_id and b.seq = e.seq
    where e.org_id = ${orgId} order by e.seq`;
  const [newest] = await admin<{ seq: number; atMs: number; body: string }[]>`
    select seq, epoch_ms(at) as "atMs", body from audit_records where org_id = ${orgId} and type = 'ledger.purged' order by seq desc limit 1`;
  if (newest === undefined) return { entries, statement: null };
  const { details } = JSON.parse(newest.body) as { details: PurgeStatement };
  return { entries, statement: { ...details, purgedAtMs: newest.atMs, seq: newest.seq } };
}

/** Numbers of missing bodies that the newest purge entry does not explain: none, at any time. */
export async function unexplained(admin: Sql, orgId: string): Promise<string[]> {
  const { entries, statement } = await readLedger(admin, orgId);
  return entries
    .filter(({ hasBody }) => !hasBody)
    .map((entry) => ({ entry, answer: statement === null ? 'uncovered' : explains(statement, entry) }))
    .filter(({ answer }) => answer !== 'explained')
    .map(({ entry, answer }) => `${entry.seq} ${answer}`);
}

/** Numbers of the entries whose body is there. */
export const standing = ({ entries }: LedgerState): number[] => entries.filter(({ hasBody }) => hasBody).map(({ seq }) => seq);
