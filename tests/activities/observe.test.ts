import { randomUUID } from 'node:crypto';
import { asyncLocalStorage, type Context } from '@temporalio/activity';
import type { ObservedItem, ObserveEventsInput } from '../../core/decision/govern-event-input.ts';
import type { Sql } from '../../db/client.ts';
import { eventDigest, plainEventDigest } from '../../db/event-digest.ts';
import { openRecordedEvent } from '../../db/event-seal.ts';
import { putAgent, setAgentStatus } from '../../db/queries/agents.ts';
import { appendRecords, LEDGER_KIND } from '../../db/queries/ledger.ts';
import { settleDecisions } from '../../db/queries/settle.ts';
import { recordId } from '../../db/record-id.ts';
import { asTenant } from '../../db/tenant.ts';
import { verifyLedger } from '../../db/verify-ledger.ts';
import type { GovernanceEvent } from '../../schemas/event.ts';
import { createDecisionServices } from '../../workers/decision-services.ts';
import { batchKey } from '../../workers/observe-runs.ts';
import { observeEventsId } from '../../workflows/ids.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../support/database.ts';
import { addOrganization, auditOf, settleItem } from '../support/ledger-records.ts';
import { testVault } from '../support/vault.ts';
import { until } from '../support/until.ts';

let database: TestDatabase;
let sql: Sql;
let other: Sql;
let orgId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.appSql;
  other = openTestPool({ url: database.adminUrl, role: 'mg_app', maxConnections: 8 });
});
beforeEach(async () => {
  orgId = await addOrganization(sql);
});
afterAll(async () => {
  await other.end({ timeout: 1 });
  await database.drop();
});

/** One process. */
const processOn = (pool: Sql) => {
  const vault = testVault(pool);
  const services = createDecisionServices({ vault, publicUrl: 'https://guard.example.com' });
  const context = { log: { warn: () => undefined } } as unknown as Context;
  const inputOf = (events: readonly GovernanceEvent[]): ObserveEventsInput => ({
    orgId,
    events: events.map((event) => ({ event, digest: eventDigest(vault, orgId, event) })),
    requester: 'key:1',
    requestId: 'r',
    receivedAtMs: Date.now(),
  });
  return {
    vault,
    async observe(events: readonly GovernanceEvent[]): Promise<ObservedItem[]> {
      const input = inputOf(events);
      const waiting = services.observations.wait(observeEventsId(orgId, batchKey(input)));
      await asyncLocalStorage.run(context, () => services.activities.observeEvents(input));
      return waiting;
    },
    decide(event: GovernanceEvent) {
      const { events: _events, ...input } = inputOf([event]);
      return asyncLocalStorage.run(context, () => services.activities.decideEvent({ ...input, event, digest: eventDigest(vault, orgId, event) }));
    },
  };
};
const eventOf = (id: string, changes: Partial<GovernanceEvent> = {}): GovernanceEvent => ({
  id,
  agentId: 'worker',
  action: 'look_up',
  sessionId: 's1',
  ...changes,
});
const many = (prefix: string, count: number, changes: Partial<GovernanceEvent> = {}) =>
  Array.from({ length: count }, (_, at) => eventOf(`${prefix}-${at}`, changes));
const kindsOf = (items: readonly ObservedItem[]) => items.map(({ kind }) => kind);
const idsOf = (items: readonly ObservedItem[]) => items.map((item) => (item.kind === 'decided' ? item.decision.eventId : item.eventId));
const valuesOf = (items: readonly ObservedItem[]) => items.map((item) => (item.kind === 'decided' ? item.decision.value : item.kind));

const inLedger = (): Promise<string[]> =>
  asTenant(sql, orgId, async (tx) =>
    (await tx<{ id: string }[]>`select event_id as id from agent_events where org_id = ${orgId} order by seq`).map(({ id }) => id),
  );
const sessionRow = (sessionId = 's1') =>
  asTenant(sql, orgId, async (tx) => {
    const [row] = await tx<
      { version: number; state: string }[]
    >`select version, state from session_state where org_id = ${orgId} and session_id = ${sessionId}`;
    return row === undefined ? undefined : { version: row.version, steps: (JSON.parse(row.state) as { steps: number }).steps };
  });
const used = (): Promise<number> =>
  asTenant(
    sql,
    orgId,
    async (tx) => (await tx<{ events: number }[]>`select coalesce(sum(events), 0)::int as events from usage_month where org_id = ${orgId}`)[0]?.events ?? 0,
  );

test('a batch is recorded in its order, each event seen by the rules of its session after the ones before', async () => {
  const loop = (at: number) => eventOf(`loop-${at}`, { sessionId: at % 2 === 0 ? 'even' : 'odd', action: 'poll', tool: { name: 'poll', args: { job: 7 } } });
  const events = Array.from({ length: 30 }, (_, at) => loop(at));
  const batched = await processOn(sql).observe(events);
  expect([kindsOf(batched), idsOf(batched), await inLedger()]).toEqual([events.map(() => 'decided'), events.map(({ id }) => id), events.map(({ id }) => id)]);
  expect([await sessionRow('even'), await sessionRow('odd'), await used()]).toEqual([{ version: 15, steps: 15 }, { version: 15, steps: 15 }, 30]);
  expect(await verifyLedger(sql, orgId)).toMatchObject({ findings: [] });

  // One by one, in an organisation of its own, they are decided the same.
  orgId = await addOrganization(sql);
  const alone = processOn(sql);
  const single: ObservedItem[] = [];
  for (const event of events) single.push(...(await alone.observe([event])));
  expect(valuesOf(batched)).toContain('ALERT');
  expect(valuesOf(single)).toEqual(valuesOf(batched));
});

test('what stands already is answered as it was decided, beside what is new and what stands with another body; nothing counts twice', async () => {
  const process = processOn(sql);
  const decision = await process.decide(eventOf('decided'));
  const [observed] = await process.observe([eventOf('observed')]);
  await process.decide(eventOf('taken'));
  const items = await processOn(other).observe([
    eventOf('new-1'),
    eventOf('decided'),
    eventOf('taken', { action: 'another' }),
    eventOf('observed'),
    eventOf('new-2', { sessionId: 's2' }),
  ]);
  expect(kindsOf(items)).toEqual(['decided', 'decided', 'conflict', 'decided', 'decided']);
  expect([items[1], items[3]]).toEqual([{ kind: 'decided', decision }, observed]);
  expect([await inLedger(), await used(), (await sessionRow())?.version]).toEqual([['decided', 'observed', 'taken', 'new-1', 'new-2'], 5, 4]);
  // The whole batch once more changes nothing.
  expect(await process.observe([eventOf('new-1'), eventOf('new-2', { sessionId: 's2' })])).toEqual([items[0], items[4]]);
  expect(await used()).toBe(5);
});

test('an event of 0.1.0, whose digest is a plain hash, is known again in a batch', async () => {
  const old = eventOf('old', { sessionId: 's9' });
  await settleDecisions(sql, [settleItem(orgId, 'old', { digest: plainEventDigest(old), agent: { id: 'worker', register: true, touch: false } })]);
  expect(kindsOf(await processOn(sql).observe([eventOf('fresh'), old]))).toEqual(['decided', 'decided']);
  expect(await inLedger()).toEqual(['old', 'fresh']);
});

test('when the month is used up in the middle of a batch, the first events are recorded and the rest is refused', async () => {
  orgId = await addOrganization(sql, { eventQuota: 5 });
  const process = processOn(sql);
  await process.observe([eventOf('first')]);
  const items = await process.observe([eventOf('first'), ...many('b', 6)]);
  expect(kindsOf(items)).toEqual(['decided', 'decided', 'decided', 'decided', 'decided', 'quota', 'quota']);
  expect([await inLedger(), await used(), await sessionRow()]).toEqual([['first', 'b-0', 'b-1', 'b-2', 'b-3'], 5, { version: 5, steps: 5 }]);
  expect(kindsOf(await process.observe([eventOf('late'), eventOf('first')]))).toEqual(['quota', 'decided']);
});

test('a process that knows an old configuration and old sessions decides on those of now', async () => {
  const [one, two] = [processOn(sql), processOn(other)];
  await one.observe(many('a', 3));
  await two.observe(many('b', 3));
  await putAgent(sql, { orgId, agentId: 'worker', profile: '{}', audit: auditOf('agent.put') });
  await setAgentStatus(sql, { orgId, agentId: 'worker', status: 'stopped', reason: 'drill', audit: auditOf('agent.stopped') });
  const items = await one.observe(many('c', 3));
  // The rules of the session have seen the steps that the other process recorded.
  expect(items.map((item) => item.kind === 'decided' && item.decision.reasons)).toEqual(
    [7, 8, 9].map((steps) => [
      'observed after the fact; would have been BLOCK',
      'the agent is stopped: drill',
      `The same call was made ${steps} times in a row and ${steps} times in the session's last steps.`,
    ]),
  );
  const recorded = await openRecordedEvent(one.vault, { orgId, eventId: 'c-0' });
  expect(recorded?.record).toMatchObject({ mode: 'observed', wouldHaveBeen: 'BLOCK', decision: { value: 'ALERT' } });
  expect(await sessionRow()).toEqual({ version: 9, steps: 9 });
});

test('batches and decisions of two processes on the same sessions: everything is recorded once and no step is lost', async () => {
  const [one, two] = [processOn(sql), processOn(other)];
  const batch = (name: string) =>
    Array.from({ length: 12 }, (_, at) => eventOf(`${name}-${at}`, { sessionId: `s${at % 3}`, content: `step ${at} of ${name}` }));
  const answered = await Promise.all([
    ...['a', 'b', 'c'].map((name) => one.observe(batch(name))),
    ...['d', 'e', 'f'].map((name) => two.observe(batch(name))),
    ...Array.from({ length: 6 }, (_, at) => (at % 2 === 0 ? one : two).decide(eventOf(`g-${at}`, { sessionId: `s${at % 3}` }))),
  ]);
  expect(answered).toHaveLength(12);
  const ids = await inLedger();
  expect([ids.length, new Set(ids).size, await used()]).toEqual([78, 78, 78]);
  expect([await sessionRow('s0'), await sessionRow('s1'), await sessionRow('s2')]).toEqual([0, 1, 2].map(() => ({ version: 26, steps: 26 })));
  // Within a session the order of a batch is the order of the ledger.
  for (const name of ['a', 'd'])
    expect(ids.filter((id) => id.startsWith(`${name}-`) && Number(id.slice(2)) % 3 === 1)).toEqual([1, 4, 7, 10].map((at) => `${name}-${at}`));
  expect(await verifyLedger(sql, orgId)).toMatchObject({ findings: [] });
});

test('one event that the database refuses costs the others nothing, and is not lost unnoticed', async () => {
  const process = processOn(sql);
  await process.observe([eventOf('warm')]);
  // A record that stands under the id of what the event would record beside itself.
  const poisoned = eventOf('poisoned', { action: 'drop', tool: { name: 'delete_database', args: { name: randomUUID() } } });
  const [probe] = await processOn(other).observe([{ ...poisoned, id: 'probe', sessionId: 's7' }]);
  expect(valuesOf(probe === undefined ? [] : [probe])).toEqual(['ALERT']);
  const fields = { eventId: 'poisoned', agentId: 'worker', value: 'ALERT', ruleId: null, detectors: [] };
  await appendRecords(sql, [
    { org: orgId, kind: LEDGER_KIND.policyViolation, id: recordId(orgId, 'violation', 'poisoned'), body: JSON.stringify(fields), fields },
  ]);
  await expect(process.observe([eventOf('before'), poisoned, eventOf('after', { sessionId: 's2' })])).rejects.toThrow('the decision could not be recorded');
  expect((await inLedger()).filter((id) => id !== 'probe').toSorted()).toEqual(['after', 'before', 'warm']);
});

test('batches that wait for one ledger leave connections for the decisions of another', async () => {
  const pool = openTestPool({ url: database.adminUrl, role: 'mg_app', maxConnections: 5 });
  const admin = openTestPool({ url: database.adminUrl, maxConnections: 2 });
  let release = (): void => undefined;
  try {
    const process = processOn(pool);
    await process.observe([eventOf('warm')]);
    const waiting = () =>
      admin<{ n: number }[]>`select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    const released = new Promise<void>((resolve) => (release = resolve));
    let holding: Promise<unknown> = released;
    await new Promise<void>((resolve) => {
      holding = admin.begin(async (tx) => {
        await tx`select 1 from ledger_head where org_id = ${orgId} for update`;
        resolve();
        await released;
      });
    });
    const batches = Array.from({ length: 8 }, (_, at) => process.observe(many(`w${at}`, 3, { sessionId: `w${at}` })));
    await until(async () => ((await waiting())[0]?.n ?? 0) >= 2);
    orgId = await addOrganization(sql);
    // Several, so that all batches have got as far as they can.
    for (let at = 0; at < 20; at += 1) expect((await process.decide(eventOf(`elsewhere-${at}`, { content: `step ${at}` }))).eventId).toBe(`elsewhere-${at}`);
    release();
    await holding;
    expect(kindsOf((await Promise.all(batches)).flat())).toEqual(Array.from({ length: 24 }, () => 'decided'));
  } finally {
    release();
    await Promise.all([pool.end({ timeout: 1 }), admin.end({ timeout: 1 })]);
  }
});
