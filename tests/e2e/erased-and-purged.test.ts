import type { Sql } from '../../db/client.ts';
import { verifyLedger } from '../../db/verify-ledger.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { openTestPool } from '../support/database.ts';
import { createLedgerClock, DAY_MS, type LedgerClock } from '../support/ledger-clock.ts';
import { readLedger, runPurge, standing } from '../support/purged-ledger.ts';
import { startTestSigner, type TestSigner } from '../support/signed-ledgers.ts';

let api: TestApi;
let admin: Sql;
let purgeSql: Sql;
let clock: LedgerClock;
let signer: TestSigner;
beforeAll(async () => {
  api = await startApi();
  admin = openTestPool({ url: api.database.adminUrl, maxConnections: 1 });
  purgeSql = openTestPool({ url: api.database.adminUrl, role: 'mg_purge', maxConnections: 1 });
  clock = await createLedgerClock(admin);
  signer = await startTestSigner(api.database.adminUrl);
});
afterAll(async () => {
  await signer.stop();
  await Promise.all([admin.end({ timeout: 1 }), purgeSql.end({ timeout: 1 })]);
  await api.stop();
});

const post = (path: string, body?: unknown) => api.call('POST', path, { key: api.ownerKey, ...(body === undefined ? {} : { body }) });
const pass = async (days: number): Promise<void> => {
  await signer.sign();
  await clock.advance(days);
  signer.later(days * DAY_MS);
  await signer.sign();
};

test('a hold keeps from erasure and from the purge; what was erased is purged in its time, and the ledger verifies throughout', async () => {
  for (const user of ['ann', 'ben', 'ann'])
    await post('/api/v1/governance/events', { agentId: 'a', action: 'look_up', content: 'personal', principal: { user } });
  const verified = async (): Promise<void> => expect((await verifyLedger(api.database.appSql, api.orgId)).findings).toEqual([]);
  const eventsLeft = async (): Promise<number> =>
    (await admin<{ n: number }[]>`select count(*) as n from agent_events where org_id = ${api.orgId}`)[0]?.n ?? Number.NaN;
  const erase = () => post('/api/v1/audit/erasures', { subject: { user: 'ann' }, legalGround: 'objection' });

  const hold = (await post('/api/v1/audit/holds', { reason: 'case 12' })).body;
  expect((await erase()).status).toBe(409);
  await pass(91);
  expect(await runPurge(purgeSql, { runId: 'prg_1', batchSize: 100 })).toMatchObject({ total: 0, done: 0 });
  expect(await eventsLeft()).toBe(3);
  await verified();

  await post(`/api/v1/audit/holds/${hold.id}/release`);
  expect((await erase()).status).toBe(202);
  await signer.sign();
  await verified();
  expect((await runPurge(purgeSql, { runId: 'prg_2', batchSize: 100 })).done).toBeGreaterThanOrEqual(3);
  expect(await eventsLeft()).toBe(0);
  await signer.sign();
  await verified();
  // The records of the hold and of the erasure are younger, and stay.
  expect(standing(await readLedger(admin, api.orgId)).length).toBeGreaterThan(0);
});
