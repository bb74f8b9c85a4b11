import { randomUUID } from 'node:crypto';
import type { Sql } from '../../db/client.ts';
import { putAgent, setAgentStatus } from '../../db/queries/agents.ts';
import { settleDecisions } from '../../db/queries/settle.ts';
import type { ReviewRowInput, SettleItem, SettleResult } from '../../db/queries/settle.ts';
import { recordId } from '../../db/record-id.ts';
import { asTenant } from '../../db/tenant.ts';
import { verifyLedger } from '../../db/verify-ledger.ts';
import { createTestDatabase, openTestPool } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { addOrganization, auditOf, settleItem } from '../support/ledger-records.ts';

const range = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

const settleOne = async (pool: Sql, item: SettleItem): Promise<SettleResult> => {
  const [result] = await settleDecisions(pool, [item]);
  if (result === undefined) throw new Error('no result');
  return result;
};
const session = (version: number, changes: Partial<NonNullable<SettleItem['session']>> = {}) => ({
  id: 's1',
  version,
  state: `{"after":${version}}`,
  holder: randomUUID(),
  reserve: false,
  ...changes,
});
const review: ReviewRowInput = {
  id: 'rev_1',
  digest: 'd',
  plan: '{}',
  state: '{}',
  summary: '{}',
  joins: false,
  created_at: '2026-01-01T00:00:00Z',
  due_at: '2026-01-01T01:00:00Z',
  expires_at: '2026-01-02T00:00:00Z',
};

const sessionRow = (pool: Sql, org: string): Promise<{ version: number; state: string | null }> =>
  asTenant(pool, org, async (tx) => {
    const [row] = await tx<{ version: number; state: string }[]>`select version, state from session_state where org_id = ${org} and session_id = 's1'`;
    return row ?? { version: 0, state: null };
  });

describe('governance_settle', () => {
  let database: TestDatabase;
  let sql: Sql;
  let admin: Sql;
  let other: Sql;

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
  /** Reservations last for a second, which a busy machine may need for one statement. */
  const reserveFor = (org: string, hours: number): Promise<unknown> =>
    admin`update session_state set reserved_until = reserved_until + ${hours} * interval '1 hour' where org_id = ${org}`;
  const entries = async (org: string): Promise<number> =>
    (await admin<{ n: number }[]>`select count(*) as n from ledger_entry where org_id = ${org}`)[0]?.n ?? -1;

  test('recorded: the item stands, counts once and answers its receipt', async () => {
    const org = await addOrganization(sql);
    expect(await settleOne(sql, settleItem(org, 'e1'))).toEqual({
      status: 'recorded',
      seq: 1,
      entryHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      checkpointSize: 0,
    });
    expect(await usage(org)).toBe(1);
    expect(await verifyLedger(sql, org)).toMatchObject({ entries: 2, findings: [] });
  });

  test('exists: a retry gets receipt and body of the first time, whatever it computed, and neither quota nor session moves', async () => {
    const org = await addOrganization(sql);
    const item = settleItem(org, 'e1', { session: session(0) });
    const first = await settleOne(sql, item);
    const again = await settleOne(other, { ...item, body: '{"another":"answer"}', configVersion: 99, session: session(7) });
    expect(again).toEqual({ ...first, status: 'exists', body: item.body });
    expect([await usage(org), (await sessionRow(sql, org)).version]).toEqual([1, 1]);
  });

  test('conflict: the same event id with another digest is refused, quota or not', async () => {
    const org = await addOrganization(sql, { eventQuota: 1 });
    await settleOne(sql, settleItem(org, 'e1'));
    expect(await settleOne(sql, settleItem(org, 'e1', { digest: 'ff' }))).toEqual({ status: 'conflict' });
    expect(await entries(org)).toBe(2);
  });

  test('stale session: nothing is recorded and the current row comes back', async () => {
    const org = await addOrganization(sql);
    await settleOne(sql, settleItem(org, 'e1', { session: session(0) }));
    expect(await settleOne(sql, settleItem(org, 'e2', { session: session(0) }))).toEqual({
      status: 'stale',
      sessionVersion: 1,
      sessionState: '{"after":0}',
      configVersion: null,
      grantSpent: false,
      keysStale: false,
    });
    expect([await usage(org), await entries(org)]).toEqual([1, 2]);
  });

  test('stale configuration: after a stop no decision made before it is recorded', async () => {
    const org = await addOrganization(sql);
    await putAgent(sql, { orgId: org, agentId: 'agent-1', profile: '{}', audit: auditOf('agent.put') });
    expect(await setAgentStatus(sql, { orgId: org, agentId: 'agent-1', status: 'stopped', reason: 'test', audit: auditOf('agent.stopped') })).toBe(true);
    expect(await settleOne(sql, settleItem(org, 'e1', { configVersion: 2 }))).toEqual({
      status: 'stale',
      sessionVersion: null,
      sessionState: null,
      configVersion: 3,
      grantSpent: false,
      keysStale: false,
    });
    expect(await settleOne(sql, settleItem(org, 'e1', { configVersion: 3 }))).toMatchObject({ status: 'recorded' });
  });

  test('a stop and decisions at the same moment: whatever was recorded on the old configuration stands before the stop in the ledger', async () => {
    const org = await addOrganization(sql);
    await putAgent(sql, { orgId: org, agentId: 'agent-1', profile: '{}', audit: auditOf('agent.put') });
    const stop = { ...auditOf('agent.stopped') };
    const [results] = await Promise.all([
      Promise.all(range(30).map((at) => settleOne(at % 2 === 0 ? sql : other, settleItem(org, `e${at}`, { configVersion: 2 })))),
      setAgentStatus(other, { orgId: org, agentId: 'agent-1', status: 'stopped', reason: null, audit: stop }),
    ]);
    const [stopped] = await admin<{ seq: number }[]>`select seq from ledger_entry where org_id = ${org} and record_id = ${stop.id}`;
    for (const result of results) {
      if (result.status === 'recorded') expect(result.seq).toBeLessThan(stopped?.seq ?? -1);
      else expect(result.status).toBe('stale');
    }
  });

  test('reserve: a loser that asks for it holds the row against others until it settles', async () => {
    const org = await addOrganization(sql);
    const holder = randomUUID();
    await settleOne(sql, settleItem(org, 'e1', { session: session(0) }));
    expect(await settleOne(sql, settleItem(org, 'e2', { session: session(0, { holder, reserve: true }) }))).toMatchObject({
      status: 'stale',
      sessionVersion: 1,
    });
    await reserveFor(org, 1);
    expect(await settleOne(other, settleItem(org, 'e3', { session: session(1) }))).toMatchObject({ status: 'stale', sessionVersion: 1 });
    expect(await settleOne(sql, settleItem(org, 'e2', { session: session(1, { holder }) }))).toMatchObject({ status: 'recorded' });
    expect(await settleOne(other, settleItem(org, 'e3', { session: session(2) }))).toMatchObject({ status: 'recorded' });
  });

  test('reserve: a holder that never comes back blocks nobody for longer than a second, and is not displaced before', async () => {
    const org = await addOrganization(sql);
    await settleOne(sql, settleItem(org, 'e1', { session: session(0) }));
    await settleOne(sql, settleItem(org, 'e2', { session: session(0, { reserve: true }) }));
    await reserveFor(org, 1);
    expect(await settleOne(other, settleItem(org, 'e3', { session: session(1, { reserve: true }) }))).toMatchObject({ status: 'stale' });
    await reserveFor(org, -1);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await settleOne(other, settleItem(org, 'e3', { session: session(1) }))).toMatchObject({ status: 'recorded' });
  });

  test('quota: used up records nothing and takes nothing; no bound means none', async () => {
    const org = await addOrganization(sql, { eventQuota: 2 });
    expect(await settleOne(sql, settleItem(org, 'e0', { units: 3, session: session(0), review, agent: { id: 'new', register: true, touch: false } }))).toEqual({
      status: 'quota',
    });
    expect(
      await admin`select 1 from review where org_id = ${org} union all select 1 from agent where org_id = ${org} union all select 1 from session_state where org_id = ${org}`,
    ).toEqual([]);
    expect(
      (
        await settleDecisions(
          sql,
          range(4).map((at) => settleItem(org, `b${at}`)),
        )
      ).map(({ status }) => status),
    ).toEqual(['recorded', 'recorded', 'quota', 'quota']);
    const unbounded = await addOrganization(sql, { eventQuota: null });
    expect(await settleOne(sql, settleItem(unbounded, 'e1', { units: 1_000_000 }))).toMatchObject({ status: 'recorded' });
  });

  test('quota is exact under 50 at once from two pools', async () => {
    const org = await addOrganization(sql, { eventQuota: 30 });
    const results = await Promise.all(range(50).map((at) => settleOne(at % 2 === 0 ? sql : other, settleItem(org, `e${at}`))));
    expect(results.filter(({ status }) => status === 'recorded')).toHaveLength(30);
    expect(results.filter(({ status }) => status === 'quota')).toHaveLength(20);
    expect([await usage(org), await entries(org)]).toEqual([30, 31]);
  });

  test('two pools racing on one session: versions follow each other strictly and no update is lost', async () => {
    const org = await addOrganization(sql);
    const perWorker = 12;
    const orders = new Map<string, number>();
    const endMs = Date.now() + 60_000;
    const work = async (pool: Sql, worker: number): Promise<void> => {
      const holder = randomUUID();
      for (const at of range(perWorker)) {
        const eventId = `w${worker}-${at}`;
        for (let attempt = 0; ; attempt += 1) {
          if (Date.now() > endMs) throw new Error('never settled');
          const { version, state } = await sessionRow(pool, org);
          const next = state === null ? eventId : `${state} ${eventId}`;
          const result = await settleOne(pool, settleItem(org, eventId, { session: { id: 's1', version, state: next, holder, reserve: attempt > 1 } }));
          if (result.status !== 'recorded') continue;
          orders.set(eventId, result.seq);
          break;
        }
      }
    };
    await Promise.all([work(sql, 0), work(sql, 1), work(other, 2), work(other, 3)]);
    const { version, state } = await sessionRow(sql, org);
    expect(version).toBe(4 * perWorker);
    // The state grew by one event at a time, in the order of the ledger: the verdicts of a serial run.
    expect(state?.split(' ')).toEqual([...orders].toSorted(([, a], [, b]) => a - b).map(([eventId]) => eventId));
  });

  test('review, violation and agent become visible in the same commit as the decision', async () => {
    const org = await addOrganization(sql);
    const violation = {
      id: recordId(org, 'violation', 'e1'),
      body: '{"v":1}',
      fields: { eventId: 'e1', agentId: 'new', value: 'HITL', ruleId: null, detectors: ['act.exec'] },
    };
    await settleOne(sql, settleItem(org, 'e1', { review, violations: [violation], agent: { id: 'new', register: true, touch: false } }));
    const [row] = await admin<{ writers: number; entries: number }[]>`
      select count(distinct x)::int as writers, count(*)::int as entries from (
        select xmin::text as x from ledger_entry where org_id = ${org} and seq > 0 union all select xmin::text from agent_events where org_id = ${org}
        union all select xmin::text from policy_violations where org_id = ${org} union all select xmin::text from review where org_id = ${org}
        union all select xmin::text from agent where org_id = ${org} union all select xmin::text from usage_month where org_id = ${org}) as written`;
    expect(row).toEqual({ writers: 1, entries: 7 });
    expect(await admin`select status, version from review where org_id = ${org}`).toEqual([{ status: 'pending', version: 1 }]);
  });

  test('an item that fails in the ledger takes its review, session and quota back with it', async () => {
    const org = await addOrganization(sql);
    const broken = { id: recordId(org, 'violation', 'e1'), body: '{}', fields: { eventId: 'e1', agentId: 'a', value: 'BLOCK', ruleId: null, detectors: [] } };
    await settleOne(sql, settleItem(org, 'e0', { violations: [broken] }));
    const item = settleItem(org, 'e1', { review, session: session(0), violations: [{ ...broken, body: '{"another":"body"}' }] });
    await expect(settleOne(sql, item)).rejects.toMatchObject({ code: '23505' });
    expect(await admin`select 1 from review where org_id = ${org} union all select 1 from session_state where org_id = ${org}`).toEqual([]);
    expect([await usage(org), await entries(org)]).toEqual([1, 3]);
  });

  test('a batch over several organisations with violations among them answers each item its own entry', async () => {
    const orgs = [await addOrganization(sql), await addOrganization(sql)];
    const items = range(6).map((at) => {
      const org = orgs[at % 2] ?? '';
      const fields = { eventId: `e${at}`, agentId: 'a', value: 'ALERT', ruleId: null, detectors: [] };
      return settleItem(org, `e${at}`, at < 2 ? { violations: [{ id: recordId(org, 'violation', `e${at}`), body: '{}', fields }] } : {});
    });
    const results = await settleDecisions(sql, items);
    expect(results.map((result) => (result.status === 'recorded' ? result.seq : result.status))).toEqual([1, 1, 3, 3, 4, 4]);
    for (const [at, result] of results.entries()) {
      const [row] =
        await admin`select event_id from agent_events where org_id = ${orgs[at % 2] ?? ''} and seq = ${result.status === 'recorded' ? result.seq : -1}`;
      expect(row).toEqual({ event_id: `e${at}` });
    }
  });
});
