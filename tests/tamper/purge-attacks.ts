import type { Attack, AttackedDatabase } from './attack.ts';
import { hit, statements } from './attack.ts';
import { canonicalize } from '../../core/json/canonical.ts';
import { appendRecords, LEDGER_KIND } from '../../db/queries/ledger.ts';
import { recordId } from '../../db/record-id.ts';
import type { Json } from '../../schemas/json.ts';
import { AT, OURS } from './scene/landmarks.ts';

const ours = `org_id = '${OURS}'`;
const HELD = `seq between ${AT.held.first} and ${AT.held.first + AT.held.count - 1}`;
const YOUNG = 'seq between 520 and 523';

const bodiesGone = (which: string): string => `delete from agent_events where ${ours} and ${which}`;

/** A purge entry that nobody's retention asked for, appended as the product appends. What it states is the last true statement with changes. */
const stateFalsely = async ({ sql }: AttackedDatabase, changes: { [name: string]: Json }): Promise<void> => {
  const [purge] = await sql<{ body: string }[]>`
    select body from audit_records where org_id = ${OURS} and type = 'ledger.purged' order by seq desc limit 1`;
  const body = JSON.parse(purge?.body ?? '') as { details: { [name: string]: Json } };
  await appendRecords(sql, [
    {
      org: OURS,
      kind: LEDGER_KIND.auditRecord,
      id: recordId(OURS, 'tamper', JSON.stringify(changes)),
      body: canonicalize({ ...body, details: { ...body.details, ...changes } }),
      fields: { type: 'ledger.purged', actor: 'system', target: null },
    },
  ]);
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
    finds: ['PREMATURE_PURGE entry:520 ×4'],
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
    finds: [],
    residual: 'a verifier takes the holds from the statement; that it names none is on record for whoever asked for one',
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
