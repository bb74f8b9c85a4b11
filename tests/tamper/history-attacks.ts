import type { Attack, AttackedDatabase } from './attack.ts';
import { hit, insideAndOutside } from './attack.ts';
import { resign, rewriteChain, stealKeys, tellAnotherStory } from './rewrite.ts';
import { AT, OURS } from './scene/landmarks.ts';

const ours = `org_id = '${OURS}'`;
const BODIES = ['agent_events', 'hitl_decisions', 'audit_records', 'policy_violations'] as const;

/** Deletes entries and bodies from a number on. */
const cutFrom = async ({ sql }: AttackedDatabase, seq: number): Promise<void> => {
  await hit(sql, `delete from ledger_entry where ${ours} and seq >= ${seq}`);
  for (const table of BODIES) await sql.unsafe(`delete from ${table} where ${ours} and seq >= ${seq}`);
};

/** Makes the head that of the last entry and the last checkpoint. */
const putHeadRight = ({ sql }: AttackedDatabase): Promise<void> =>
  hit(
    sql,
    `update ledger_head h set next_seq = e.seq + 1, head = e.entry_hash, last_at = e.at,
       checkpoint_size = coalesce((select max(size) from ledger_checkpoint where ${ours}), 0)
     from (select * from ledger_entry where ${ours} order by seq desc limit 1) e where h.${ours}`,
  );

const dropCheckpoints = ({ sql }: AttackedDatabase, from: number): Promise<void> =>
  hit(sql, `delete from ledger_checkpoint where ${ours} and number >= ${from}`);

const rewrite = async ({ sql }: AttackedDatabase): Promise<void> => {
  await tellAnotherStory(sql);
  await rewriteChain(sql, AT.blocked);
};

/** From a number on, with what events were told of them, which is no part of what is hashed. */
const forgetCheckpointsFrom = async (database: AttackedDatabase, number: number, size: number): Promise<void> => {
  await dropCheckpoints(database, number);
  await hit(database.sql, `update agent_events set checkpoint_size = ${size} where ${ours} and checkpoint_size > ${size}`);
  await putHeadRight(database);
};

const empty = async ({ sql }: AttackedDatabase): Promise<void> => {
  for (const table of ['ledger_entry', 'ledger_checkpoint', 'ledger_tile', 'ledger_prune', ...BODIES]) await hit(sql, `delete from ${table} where ${ours}`);
};

const anotherBeginning = async ({ sql }: AttackedDatabase): Promise<void> => {
  await hit(sql, `update ledger_entry set record_id = gen_random_uuid() where ${ours} and seq = 0`);
  await rewriteChain(sql, 0);
};

const YOUNG = 'an entry that no checkpoint covers is held by nothing but the answers that were given';
const ALONE = 'whoever holds all of it can tell another story; what was given out before contradicts it';

/** The end cut off, everything gone, everything written anew. */
export const HISTORY_ATTACKS: readonly Attack[] = [
  { name: 'tail without a checkpoint cut off', tamper: (database) => cutFrom(database, AT.signed), finds: ['HEAD_MISMATCH head'] },
  ...insideAndOutside({
    name: 'tail without a checkpoint cut off, head put right',
    async tamper(database) {
      await cutFrom(database, AT.signed);
      await putHeadRight(database);
    },
    residual: YOUNG,
    finds: ['RECEIPT_NOT_IN_LOG receipt:660 ×8'],
  }),
  { name: 'signed tail cut off', tamper: (database) => cutFrom(database, 641), finds: ['HEAD_MISMATCH head', 'TRUNCATED checkpoint:10'] },
  {
    name: 'signed tail cut off, head put right',
    async tamper(database) {
      await cutFrom(database, 641);
      await putHeadRight(database);
    },
    finds: ['TRUNCATED checkpoint:10'],
  },
  ...insideAndOutside({
    name: 'signed tail cut off with its checkpoint, head put right',
    async tamper(database) {
      await cutFrom(database, 641);
      await dropCheckpoints(database, 10);
      await putHeadRight(database);
    },
    residual: ALONE,
    finds: ['RECEIPT_NOT_IN_LOG receipt:641 ×27', 'TRUNCATED anchor:000000000010.note', 'TRUNCATED receipt:660 ×8'],
  }),
  { name: 'everything deleted, head left', tamper: empty, finds: ['HEAD_MISMATCH head'] },
  ...insideAndOutside({
    name: 'everything deleted, head as at the beginning',
    async tamper(database) {
      await empty(database);
      await hit(
        database.sql,
        `update ledger_head set next_seq = 0, head = sha256(convert_to('mg-chain-v1:' || org_id, 'UTF8')), last_at = '-infinity', checkpoint_size = 0 where ${ours}`,
      );
    },
    residual: ALONE,
    finds: ['RECEIPT_NOT_IN_LOG receipt:4 ×654', 'TRUNCATED anchor:000000000001.note ×10', 'TRUNCATED receipt:8 ×653'],
  }),
  {
    name: 'decision told differently, body hash put right',
    async tamper({ sql }) {
      await tellAnotherStory(sql);
      await hit(
        sql,
        `update ledger_entry e set body_hash = sha256(convert_to(b.body, 'UTF8')) from agent_events b where e.${ours} and e.seq = ${AT.blocked} and b.${ours} and b.seq = e.seq`,
      );
    },
    finds: [`ENTRY_MISMATCH entry:${AT.blocked}`],
  },
  { name: 'decision told differently, all later hashes, head and tiles put right', tamper: rewrite, finds: ['ROOT_MISMATCH checkpoint:7'] },
  {
    name: 'decision told differently, later hashes put right, later checkpoints deleted',
    async tamper(database) {
      await rewrite(database);
      await dropCheckpoints(database, 7);
      await putHeadRight(database);
    },
    // Events of that time were told of larger checkpoints.
    finds: ['PROJECTION_MISMATCH entry:620 ×47'],
  },
  ...insideAndOutside({
    name: 'decision told differently, later checkpoints deleted and every trace of them',
    async tamper(database) {
      await rewrite(database);
      await forgetCheckpointsFrom(database, 7, AT.tiled);
    },
    residual: ALONE,
    finds: ['INCONSISTENT_CHECKPOINTS anchor:000000000007.note ×4', 'RECEIPT_NOT_IN_LOG receipt:601 ×62', 'TRUNCATED receipt:620 ×47'],
  }),
  ...insideAndOutside({
    name: 'decision told differently, signed anew with the signer’s own keys',
    async tamper(database) {
      await rewrite(database);
      await resign(database.sql, await stealKeys(database.before.signerDirectory));
    },
    residual: ALONE,
    finds: ['INCONSISTENT_CHECKPOINTS anchor:000000000007.note ×4', 'RECEIPT_NOT_IN_LOG receipt:601 ×62'],
  }),
  { name: 'everything written anew from the first entry on', tamper: anotherBeginning, finds: ['ROOT_MISMATCH checkpoint:1'] },
  {
    name: 'everything written anew from the first entry on, checkpoints deleted and every trace of them',
    async tamper(database) {
      await anotherBeginning(database);
      await forgetCheckpointsFrom(database, 1, 0);
    },
    finds: ['MISSING_HEARTBEAT checkpoint:1', 'TILE_MISMATCH tile:0/0 ×2'],
  },
  {
    name: 'partition dropped',
    async tamper({ sql }) {
      const [leaf] = await sql<{ name: string }[]>`select tableoid::regclass::text as name from agent_events where org_id = ${OURS} and seq = ${AT.event}`;
      await sql.unsafe(`drop table ${leaf?.name}`);
    },
    finds: ['UNEXPLAINED_MISSING entry:311 ×352'],
    neighbour: ['UNEXPLAINED_MISSING entry:10 ×5'],
  },
];
