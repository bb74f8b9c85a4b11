import { asyncLocalStorage, type Context } from '@temporalio/activity';
import { sha256Hex } from '../../activities/settlement.ts';
import { DecisionUnavailable } from '../../api/governance-runtime.ts';
import type { GovernEventInput } from '../../core/decision/govern-event-input.ts';
import type { Sql } from '../../db/client.ts';
import { isRecorded } from '../../db/queries/ledger.ts';
import { recordId } from '../../db/record-id.ts';
import { createDecisionServices } from '../../workers/decision-services.ts';
import { batchKey } from '../../workers/observe-runs.ts';
import { governEventId, observeEventsId } from '../../workflows/ids.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../support/database.ts';
import { addOrganization } from '../support/ledger-records.ts';
import { type PausableProxy, startPausableProxy } from '../support/pausable-proxy.ts';
import { testVault } from '../support/vault.ts';

let database: TestDatabase;
let proxy: PausableProxy;
let sql: Sql;
let orgId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await startPausableProxy(database.appUrl);
  sql = openTestPool({ url: proxy.url, maxConnections: 3 });
  orgId = await addOrganization(database.appSql);
});
afterAll(async () => {
  await sql.end({ timeout: 1 });
  await proxy.close();
  await database.drop();
});

const inputOf = (id: string, action = 'look_up'): GovernEventInput => ({
  orgId,
  event: { id, agentId: 'a', action },
  digest: sha256Hex(id + action),
  requester: 'key:1',
  requestId: 'r',
  receivedAtMs: Date.now(),
});
const servicesOn = (pool: Sql) => createDecisionServices({ vault: testVault(pool), publicUrl: 'https://guard.example.com' });
/** All that these activities want of their context is its log. */
const context = { log: { warn: () => undefined } } as unknown as Context;
const run = <R>(activity: () => Promise<R>): Promise<R> => asyncLocalStorage.run(context, activity);

test('the waiting request gets the decision that the activity recorded, to the byte', async () => {
  const { activities, decisions } = servicesOn(sql);
  const waiting = decisions.wait(governEventId(orgId, 'e1'));
  const decision = await run(() => activities.decideEvent(inputOf('e1')));
  expect(await waiting).toEqual({ kind: 'decided', decision });
  expect(decision).toMatchObject({ eventId: 'e1', value: 'ALLOW' });
  // Decided again, in another process: the ledger's decision.
  expect(JSON.stringify(await run(() => servicesOn(database.appSql).activities.decideEvent(inputOf('e1'))))).toBe(JSON.stringify(decision));
});

test('an id that stands for another event fails for good, and the request is told the same', async () => {
  const { activities, decisions } = servicesOn(sql);
  await run(() => activities.decideEvent(inputOf('e2')));
  const waiting = decisions.wait(governEventId(orgId, 'e2'));
  await expect(run(() => activities.decideEvent(inputOf('e2', 'other')))).rejects.toMatchObject({ type: 'id-reused', nonRetryable: true });
  expect(await waiting).toEqual({ kind: 'conflict' });
});

test('a database that is away is told to the request at once, and the activity may be tried again', async () => {
  const { activities, decisions } = servicesOn(sql);
  proxy.cut();
  const waiting = decisions.wait(governEventId(orgId, 'e3'));
  waiting.catch(() => undefined);
  await expect(run(() => activities.decideEvent(inputOf('e3')))).rejects.toMatchObject({ nonRetryable: false, message: 'the decision could not be recorded' });
  await expect(waiting).rejects.toBeInstanceOf(DecisionUnavailable);
  proxy.restore();
  expect(await run(() => activities.decideEvent(inputOf('e3')))).toMatchObject({ eventId: 'e3', value: 'ALLOW' });
});

test('an organisation that is not there is no reason to try again', async () => {
  const { activities } = servicesOn(sql);
  const stranger = { ...inputOf('e4'), orgId: '00000000-0000-4000-8000-000000000000' };
  await expect(run(() => activities.decideEvent(stranger))).rejects.toMatchObject({ type: 'unknown-organization', nonRetryable: true });
});

test('a batch answers its request item by item, in order', async () => {
  const { activities, observations } = servicesOn(sql);
  const [one, two] = [inputOf('b1'), inputOf('b2')];
  const batch = { ...one, events: [one, two].map(({ event, digest }) => ({ event, digest })) };
  const waiting = observations.wait(observeEventsId(orgId, batchKey(batch)));
  expect(await run(() => activities.observeEvents(batch))).toEqual({ recorded: 2, conflicts: 0, refused: 0 });
  expect((await waiting).map((item) => item.kind === 'decided' && item.decision.eventId)).toEqual(['b1', 'b2']);
});

test('draining waits for what is being written', async () => {
  const { activities, drain } = servicesOn(sql);
  // With everything cached the third event is handed to the ledger at once.
  for (const id of ['d1', 'd2']) await run(() => activities.decideEvent(inputOf(id)));
  proxy.hold();
  const decided = run(() => activities.decideEvent(inputOf('d3')));
  await new Promise((resolve) => setImmediate(resolve));
  expect(await isRecorded(database.appSql, { orgId, recordId: recordId(orgId, 'event', 'd3') })).toBe(false);
  proxy.restore();
  await drain();
  expect(await isRecorded(database.appSql, { orgId, recordId: recordId(orgId, 'event', 'd3') })).toBe(true);
  await decided;
});
