import { randomBytes, randomUUID } from 'node:crypto';
import type { Sql } from '../../db/client.ts';
import { putAgent } from '../../db/queries/agents.ts';
import { settleDecisions } from '../../db/queries/settle.ts';
import type { SettleItem } from '../../db/queries/settle.ts';
import { type BatchSettled, type BatchSettlement, settleBatch } from '../../db/queries/settle-batch.ts';
import { recordId } from '../../db/record-id.ts';
import type { SubjectKeyUse } from '../../db/subject-keys.ts';
import { verifyLedger } from '../../db/verify-ledger.ts';
import { createTestDatabase, openTestPool } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { addOrganization, auditOf, settleItem } from '../support/ledger-records.ts';

const batchOf = (org: string, entries: SettleItem[], changes: Partial<BatchSettlement> = {}): BatchSettlement => ({
  org,
  configVersion: 1,
  holder: randomUUID(),
  sessions: [],
  register: [],
  touch: [],
  entries,
  keys: [],
  ...changes,
});
const itemsOf = (org: string, ...eventIds: string[]): SettleItem[] => eventIds.map((eventId) => settleItem(org, eventId));
const alerting = (org: string, eventId: string): SettleItem => {
  const { fields } = settleItem(org, eventId);
  const shown = { ...fields, value: 'ALERT', riskScore: 40 };
  const violated = { eventId, agentId: 'agent-1', value: 'ALERT', ruleId: null, detectors: ['act.exec'] };
  return settleItem(org, eventId, {
    fields: shown,
    alert: { id: `alr_${eventId}`, cause: 'decision', reasons: '["odd"]' },
    violations: [{ id: recordId(org, 'violation', eventId), body: JSON.stringify(violated), fields: violated }],
  });
};
const keyOf = (version = 1): SubjectKeyUse => ({
  ref: randomBytes(32).toString('hex'),
  version,
  commitment: randomBytes(32).toString('hex'),
  wrapped: randomBytes(60).toString('base64'),
});
const NOTHING = { status: 'refused', known: new Map(), configChanged: false, sessions: [], room: null, keysStale: false };

describe('settle_batch', () => {
  let database: TestDatabase;
  let sql: Sql;
  let other: Sql;
  let admin: Sql;

  beforeAll(async () => {
    database = await createTestDatabase();
    sql = database.appSql;
    admin = openTestPool({ url: database.adminUrl, maxConnections: 2 });
    other = openTestPool({ url: database.adminUrl, role: 'mg_app', maxConnections: 8 });
  });
  afterAll(async () => {
    await Promise.all([admin.end({ timeout: 1 }), other.end({ timeout: 1 })]);
    await database.drop();
  });

  const usage = async (org: string): Promise<number> =>
    (await admin<{ events: number }[]>`select events from usage_month where org_id = ${org}`)[0]?.events ?? 0;
  const entries = async (org: string): Promise<number> =>
    (await admin<{ n: number }[]>`select count(*)::int as n from ledger_entry where org_id = ${org}`)[0]?.n ?? -1;
  const sessionsOf = (org: string) =>
    admin<{ id: string; version: number; state: string }[]>`select session_id as id, version, state from session_state where org_id = ${org} order by 1`;
  /** Whatever stands in the tables that a batch writes. */
  const standing = async (org: string): Promise<string> => {
    const rows = await admin<{ line: string }[]>`
      select 'entry ' || seq as line from ledger_entry where org_id = ${org} union all select 'session ' || to_jsonb(s)::text from session_state s where org_id = ${org}
      union all select 'usage ' || events from usage_month where org_id = ${org} union all select 'agent ' || agent_id from agent where org_id = ${org}
      union all select 'alert ' || id from alert where org_id = ${org} union all select 'key ' || version from vault.subject_key where org_id = ${org} order by 1`;
    return rows.map(({ line }) => line).join('\n');
  };
  const recorded = (settled: BatchSettled) => {
    if (settled.status !== 'recorded') throw new Error('refused');
    return settled.receipts.map(({ seq }) => seq);
  };

  test('recorded: every event in its order with its violation behind it, and whatever goes with them once', async () => {
    const org = await addOrganization(sql);
    const [first, second] = [keyOf(), keyOf()];
    const settled = await settleBatch(
      sql,
      batchOf(org, [settleItem(org, 'e1', { subjects: [first.ref] }), alerting(org, 'e2'), settleItem(org, 'e3', { subjects: [first.ref, second.ref] })], {
        sessions: [
          { id: 's1', version: 0, events: 2, state: '{"after":2}' },
          { id: 's2', version: 0, events: 1, state: '{"after":1}' },
        ],
        register: ['agent-1', 'agent-2'],
        keys: [first, second],
      }),
    );
    expect(recorded(settled)).toEqual([1, 2, 4]);
    expect(settled.status === 'recorded' && settled.receipts[1]).toEqual({ seq: 2, entryHash: expect.stringMatching(/^[0-9a-f]{64}$/), checkpointSize: 0 });
    expect(await usage(org)).toBe(3);
    expect(await sessionsOf(org)).toEqual([
      { id: 's1', version: 2, state: '{"after":2}' },
      { id: 's2', version: 1, state: '{"after":1}' },
    ]);
    expect(await admin`select agent_id from agent where org_id = ${org} order by 1`).toEqual([{ agent_id: 'agent-1' }, { agent_id: 'agent-2' }]);
    expect(await admin`select id, event_id, agent_id, action, cause, risk_score, reasons from alert where org_id = ${org}`).toEqual([
      { id: 'alr_e2', event_id: 'e2', agent_id: 'agent-1', action: 'send_mail', cause: 'decision', risk_score: 40, reasons: '["odd"]' },
    ]);
    expect(
      await admin`select encode(subject_ref, 'hex') as ref, seq from vault.subject_use where org_id = ${org} order by seq, encode(subject_ref, 'hex') = ${second.ref}`,
    ).toEqual([
      { ref: first.ref, seq: 1 },
      { ref: first.ref, seq: 4 },
      { ref: second.ref, seq: 4 },
    ]);
    expect(await verifyLedger(sql, org)).toMatchObject({ entries: 5, findings: [] });
  });

  test('records what settling the same events one by one records', async () => {
    const [one, two] = [await addOrganization(sql), await addOrganization(sql)];
    const events = (org: string) => [settleItem(org, 'a'), alerting(org, 'b'), settleItem(org, 'c'), alerting(org, 'd')];
    for (const item of events(one)) await settleDecisions(sql, [item]);
    await settleBatch(sql, batchOf(two, events(two)));
    const bodies = (org: string) => admin`
      select e.seq, e.kind, coalesce(a.body, v.body) as body, to_jsonb(a) - '{org_id,at,record_id}'::text[] as event, to_jsonb(v) - '{org_id,at,record_id}'::text[] as violation
      from ledger_entry e left join agent_events a on a.org_id = e.org_id and a.seq = e.seq left join policy_violations v on v.org_id = e.org_id and v.seq = e.seq
      where e.org_id = ${org} and e.seq > 0 order by e.seq`;
    expect([...(await bodies(two))]).toEqual([...(await bodies(one))]);
    expect([await usage(two), (await admin`select 1 from alert where org_id = ${two}`).length]).toEqual([4, 2]);
  });

  test('exists and conflict: the events that stand are named with what they were answered, and nothing of the batch is recorded', async () => {
    const org = await addOrganization(sql);
    const first = settleItem(org, 'e2');
    await settleBatch(sql, batchOf(org, [first, settleItem(org, 'e3')], { sessions: [{ id: 's1', version: 0, events: 2, state: '{}' }] }));
    const before = await standing(org);
    const again = [settleItem(org, 'e1'), { ...first, body: '{"another":"answer"}' }, settleItem(org, 'e3', { digest: 'ff' })];
    expect(await settleBatch(other, batchOf(org, again, { sessions: [{ id: 's1', version: 2, events: 3, state: '{}' }] }))).toEqual({
      ...NOTHING,
      known: new Map([
        [1, { seq: 1, entryHash: expect.stringMatching(/^[0-9a-f]{64}$/), checkpointSize: 0, body: first.body }],
        [2, { seq: 2, entryHash: expect.stringMatching(/^[0-9a-f]{64}$/), checkpointSize: 0, body: null }],
      ]),
    });
    expect(await standing(org)).toBe(before);
  });

  test('a configuration, sessions and keys that have moved on are all named at once, and nothing is recorded', async () => {
    const org = await addOrganization(sql);
    const key = keyOf();
    await settleBatch(sql, batchOf(org, itemsOf(org, 'e1'), { sessions: [{ id: 's1', version: 0, events: 1, state: '{"after":1}' }], keys: [key] }));
    await putAgent(sql, { orgId: org, agentId: 'agent-1', profile: '{}', audit: auditOf('agent.put') });
    const before = await standing(org);
    const sessions = [
      { id: 's1', version: 0, events: 1, state: '{"after":9}' },
      { id: 's2', version: 4, events: 1, state: '{"after":9}' },
      { id: 's3', version: 0, events: 1, state: '{"after":9}' },
    ];
    const outdated = await settleBatch(other, batchOf(org, itemsOf(org, 'e2', 'e3', 'e4'), { sessions, register: ['agent-9'] }));
    expect(outdated).toEqual({
      ...NOTHING,
      configChanged: true,
      sessions: [
        { id: 's1', version: 1, state: '{"after":1}' },
        { id: 's2', version: 0, state: null },
      ],
    });
    expect(await settleBatch(other, batchOf(org, itemsOf(org, 'e2'), { configVersion: 2, keys: [{ ...key, commitment: '00'.repeat(32) }] }))).toEqual({
      ...NOTHING,
      keysStale: true,
    });
    expect(await standing(org)).toBe(before);
    // The same key as it stands is fine, with or without the wrapped form of a process that made it at the same moment.
    expect(recorded(await settleBatch(other, batchOf(org, itemsOf(org, 'e2'), { configVersion: 2, keys: [{ ...key, wrapped: null }] })))).toEqual([3]);
    expect(recorded(await settleBatch(other, batchOf(org, itemsOf(org, 'e3'), { configVersion: 2, keys: [key] })))).toEqual([4]);
  });

  test('a session that another process has reserved is not written, and the one that has reserved it writes it', async () => {
    const org = await addOrganization(sql);
    const holder = randomUUID();
    const session = (version: number, reserve: boolean) => ({ id: 's1', version, state: '{}', holder, reserve });
    await settleDecisions(sql, [settleItem(org, 'e1', { session: session(0, false) })]);
    await settleDecisions(sql, [settleItem(org, 'e2', { session: session(0, true) })]);
    // Reservations last for a second, which a busy machine may need for one statement.
    await admin`update session_state set reserved_until = reserved_until + interval '1 hour' where org_id = ${org}`;
    const sessionsAt = (version: number) => [{ id: 's1', version, events: 1, state: '{}' }];
    expect(await settleBatch(other, batchOf(org, itemsOf(org, 'b1'), { sessions: sessionsAt(1) }))).toMatchObject({ sessions: [{ id: 's1', version: 1 }] });
    expect(recorded(await settleBatch(other, batchOf(org, itemsOf(org, 'b1'), { sessions: sessionsAt(1), holder })))).toEqual([2]);
    expect(recorded(await settleBatch(other, batchOf(org, itemsOf(org, 'b2'), { sessions: sessionsAt(2) })))).toEqual([3]);
  });

  test('quota: the room that is left is told, events that stand already do not count, and none is taken', async () => {
    const org = await addOrganization(sql, { eventQuota: 3 });
    await settleBatch(sql, batchOf(org, itemsOf(org, 'e1')));
    const before = await standing(org);
    expect(await settleBatch(sql, batchOf(org, itemsOf(org, 'e1', 'e2', 'e3', 'e4')))).toMatchObject({ status: 'refused', room: 2 });
    expect(await settleBatch(sql, batchOf(org, itemsOf(org, 'e1', 'e2', 'e3')))).toMatchObject({ status: 'refused', room: null });
    expect(await standing(org)).toBe(before);
    expect(recorded(await settleBatch(sql, batchOf(org, itemsOf(org, 'e2', 'e3'))))).toEqual([2, 3]);
    expect(await settleBatch(sql, batchOf(org, itemsOf(org, 'e4')))).toEqual({ ...NOTHING, room: 0 });
    const unbounded = await addOrganization(sql, { eventQuota: null });
    expect(recorded(await settleBatch(sql, batchOf(unbounded, itemsOf(unbounded, 'e1'))))).toEqual([1]);
  });

  test('of batches and single decisions that race on one session, each that is recorded was computed from the one before it in the ledger', async () => {
    const org = await addOrganization(sql);
    const work = async (pool: Sql, worker: number): Promise<void> => {
      for (let round = 0; round < 6; round += 1) {
        const names = worker === 0 ? [`w0-${round}`] : [1, 2, 3].map((at) => `w${worker}-${round}-${at}`);
        for (let attempt = 0; ; attempt += 1) {
          if (attempt > 500) throw new Error('never settled');
          const [row] = await sessionsOf(org);
          const state = [...(row === undefined ? [] : [row.state]), ...names].join(' ');
          const version = row?.version ?? 0;
          const done =
            worker === 0
              ? (
                  await settleDecisions(pool, [
                    settleItem(org, names[0] ?? '', { session: { id: 's1', version, state, holder: randomUUID(), reserve: false } }),
                  ])
                )[0]?.status
              : (await settleBatch(pool, batchOf(org, itemsOf(org, ...names), { sessions: [{ id: 's1', version, events: names.length, state }] }))).status;
          if (done === 'recorded') break;
        }
      }
    };
    await Promise.all([work(sql, 0), work(sql, 1), work(other, 2), work(other, 3)]);
    const [row] = await sessionsOf(org);
    const inLedger = await admin<{ id: string }[]>`select event_id as id from agent_events where org_id = ${org} order by seq`;
    expect(row?.version).toBe(60);
    expect(row?.state.split(' ')).toEqual(inLedger.map(({ id }) => id));
    expect(await usage(org)).toBe(60);
    expect(await verifyLedger(sql, org)).toMatchObject({ findings: [] });
  });

  test('a batch that fails in the ledger leaves nothing behind', async () => {
    const org = await addOrganization(sql);
    await settleBatch(sql, batchOf(org, [alerting(org, 'e1')]));
    const before = await standing(org);
    const broken = alerting(org, 'e1').violations.map((violation) => ({ ...violation, body: '{"another":"body"}' }));
    const batch = batchOf(org, [settleItem(org, 'e2', { violations: broken })], {
      sessions: [{ id: 's1', version: 0, events: 1, state: '{}' }],
      register: ['new'],
      keys: [keyOf()],
    });
    await expect(settleBatch(sql, batch)).rejects.toMatchObject({ code: '23505' });
    expect([await standing(org), await entries(org)]).toEqual([before, 3]);
  });
});
