import type { Attack, AttackedDatabase } from './attack.ts';
import { hit, statements } from './attack.ts';
import { canonicalize } from '../../core/json/canonical.ts';
import { DAY_MS, NOTICE_MS } from '../../core/ledger/retention.ts';
import { appendRecords, LEDGER_KIND } from '../../db/queries/ledger.ts';
import { recordId } from '../../db/record-id.ts';
import type { Json } from '../../schemas/json.ts';
import { AT, OURS } from './scene/landmarks.ts';

const ours = `org_id = '${OURS}'`;
const HELD = `seq between ${AT.held.first} and ${AT.held.first + AT.held.count - 1}`;
const YOUNG = 'seq between 520 and 523';

const bodiesGone = (which: string): string => `delete from agent_events where ${ours} and ${which}`;

/** An administrative record, appended as the product appends. */
const put = async ({ sql }: AttackedDatabase, type: string, body: { [name: string]: Json }): Promise<void> => {
  const text = canonicalize({ ...body, type });
  const fields = { type, actor: 'system', target: null };
  await appendRecords(sql, [{ org: OURS, kind: LEDGER_KIND.auditRecord, id: recordId(OURS, 'tamper', text), body: text, fields }]);
};

/** A purge entry that nobody's retention asked for. What it states is the last true statement with changes. */
const stateFalsely = async (database: AttackedDatabase, changes: { [name: string]: Json }): Promise<void> => {
  const [purge] = await database.sql<{ body: string }[]>`
    select body from audit_records where org_id = ${OURS} and type = 'ledger.purged' order by seq desc limit 1`;
  const body = JSON.parse(purge?.body ?? '') as { details: { [name: string]: Json } };
  await put(database, 'ledger.purged', { ...body, details: { ...body.details, ...changes } });
};

/** As if it had been told long enough ago. */
const longAgo = ({ before: { nowMs } }: AttackedDatabase) => ({
  beforeSeq: AT.entries,
  days: 0,
  noticeAt: nowMs - NOTICE_MS - DAY_MS,
  effectiveAt: nowMs - DAY_MS,
});

const timeOf = async ({ sql }: AttackedDatabase, seq: number): Promise<number> => {
  const [entry] = await sql<{ at: number }[]>`select epoch_ms(at) as at from ledger_entry where org_id = ${OURS} and seq = ${seq}`;
  return entry?.at ?? 0;
};

/** Entries of the second tile go as well, and what is kept of the prune says so. */
const pruneFurther = async ({ sql }: AttackedDatabase): Promise<void> => {
  await hit(sql, `update ledger_prune p set min_index = 512, anchor_hash = e.entry_hash from ledger_entry e where p.${ours} and e.${ours} and e.seq = 511`);
  await hit(sql, `delete from ledger_entry where ${ours} and seq < 512`);
  await hit(sql, bodiesGone('seq < 512'));
  await sql.unsafe(`delete from audit_records where ${ours} and seq < 512`);
};

/** Bodies and entries that go before their time, with and without a statement that says otherwise. */
export const PURGE_ATTACKS: readonly Attack[] = [
  {
    name: 'bodies purged early, without a word',
    tamper: statements(bodiesGone(YOUNG)),
    finds: ['UNEXPLAINED_MISSING entry:520 ×4'],
  },
  {
    name: 'bodies purged early, with a purge entry that covers them',
    async tamper(database) {
      await stateFalsely(database, { upTo: AT.entries });
      await hit(database.sql, bodiesGone(YOUNG));
    },
    finds: ['PREMATURE_PURGE entry:520 ×4'],
  },
  {
    name: 'bodies purged early, with a purge entry that tells of a reduction at no notice',
    async tamper(database) {
      const atMs = database.before.nowMs;
      await stateFalsely(database, { upTo: AT.entries, reduced: { beforeSeq: AT.entries, days: 0, noticeAt: atMs, effectiveAt: atMs } });
      await hit(database.sql, bodiesGone(YOUNG));
    },
    finds: [`FALSE_STATEMENT entry:${AT.entries}`, 'PREMATURE_PURGE entry:520 ×4'],
  },
  {
    name: 'bodies purged early, with a purge entry that tells of a reduction nobody announced',
    async tamper(database) {
      await stateFalsely(database, { upTo: AT.entries, reduced: longAgo(database) });
      await hit(database.sql, bodiesGone(YOUNG));
    },
    finds: [`FALSE_STATEMENT entry:${AT.entries}`],
  },
  {
    name: 'bodies purged early, with a purge entry that tells of a reduction, and a record of it from today',
    async tamper(database) {
      await put(database, 'retention.reduced', { v: 1, actor: 'system', target: null, requestId: 'req_tamper', details: longAgo(database) });
      await stateFalsely(database, { upTo: AT.entries, reduced: longAgo(database) });
      await hit(database.sql, bodiesGone(YOUNG));
    },
    finds: [`FALSE_STATEMENT entry:${AT.entries + 1}`],
  },
  {
    name: 'bodies of the range of a legal hold purged',
    tamper: statements(bodiesGone(HELD)),
    finds: [`PREMATURE_PURGE entry:${AT.held.first} ×${AT.held.count}`],
  },
  {
    name: 'bodies of the range of a legal hold purged, with a purge entry that forgets the hold',
    async tamper(database) {
      await stateFalsely(database, { held: [] });
      await hit(database.sql, bodiesGone(HELD));
    },
    finds: [`FALSE_STATEMENT entry:${AT.entries}`],
  },
  {
    name: 'bodies of the range of a legal hold purged, with a purge entry that forgets the hold, and the one before it, which named it, as well',
    async tamper(database) {
      await stateFalsely(database, { held: [], upTo: AT.entries });
      await hit(database.sql, bodiesGone(HELD));
      await hit(database.sql, `delete from audit_records where ${ours} and seq = ${AT.purge}`);
    },
    finds: [`PREMATURE_PURGE entry:${AT.purge}`],
  },
  {
    name: 'bodies of the range of a legal hold purged, with a purge entry that has the hold begin later',
    async tamper(database) {
      const [hold] = await database.sql<{ id: string; from: number; until: number }[]>`
        select id, epoch_ms(held_from) as "from", epoch_ms(held_until) as "until" from legal_hold where org_id = ${OURS}`;
      const { id = '', until = 0 } = hold ?? {};
      await stateFalsely(database, { held: [{ id, from: until, until }] });
      await hit(database.sql, bodiesGone(`${HELD} and at < (select held_until from legal_hold where ${ours})`));
    },
    finds: [`FALSE_STATEMENT entry:${AT.entries}`],
  },
  {
    name: 'bodies of the range of a legal hold purged, with a purge entry that tells of an earlier purge that never was',
    async tamper(database) {
      const at = await timeOf(database, AT.audit);
      await stateFalsely(database, { earlier: [{ seq: AT.audit, at, upTo: AT.early.entries, extended: [], reduced: null, held: [] }] });
      await hit(database.sql, bodiesGone(HELD));
    },
    finds: [`FALSE_STATEMENT entry:${AT.entries}`],
  },
  {
    name: 'purge entry of another form',
    async tamper(database) {
      await stateFalsely(database, { upTo: 'everything' });
    },
    finds: ['UNEXPLAINED_MISSING entry:0 ×306'],
  },
  {
    name: 'body of the purge entry deleted',
    tamper: statements(`delete from audit_records where ${ours} and seq = ${AT.purge}`),
    finds: ['UNEXPLAINED_MISSING entry:0 ×307'],
  },
  {
    name: 'entries pruned that no purge entry gives up',
    async tamper({ sql }) {
      await hit(sql, `update ledger_prune p set min_index = 256, anchor_hash = e.entry_hash from ledger_entry e where p.${ours} and e.${ours} and e.seq = 255`);
      await hit(sql, `delete from ledger_entry where ${ours} and seq < 256`);
    },
    finds: ['GAP entry:0'],
  },
  {
    name: 'more entries pruned than the purge entry gives up, with bodies that were not due',
    on: 'pruned',
    tamper: pruneFurther,
    finds: ['GAP entry:0'],
  },
  {
    name: 'hash before the first entry of a pruned ledger changed',
    on: 'pruned',
    tamper: statements(`update ledger_prune set anchor_hash = sha256('x') where ${ours}`),
    finds: ['ENTRY_MISMATCH entry:256', 'GAP entry:0'],
  },
];
