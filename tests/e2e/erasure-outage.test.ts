import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { verifyLedger } from '../../db/verify-ledger.ts';
import type { Erasure } from '../../schemas/erasure.ts';
import type { GovernanceEvent } from '../../schemas/event.ts';
import { createPayloadCodec } from '../../workers/payload-codec.ts';
import { openTestPool } from '../support/database.ts';
import { type House, openHouse } from '../support/house.ts';
import { type HouseCaller, houseCaller } from '../support/house-caller.ts';
import { formsOf, runsHolding, tablesHolding } from '../support/personal-traces.ts';
import { addTestOrganization, type TestOrganization } from '../support/product.ts';
import { until } from '../support/until.ts';

let house: House;
let organization: TestOrganization;
let call: HouseCaller;
beforeAll(async () => {
  house = await openHouse({ maintenance: true });
  organization = await addTestOrganization(house.sql, house.masterKey);
  call = houseCaller(house, organization.apiKey);
});
afterAll(() => house.close());

/** Forms of the text that Temporal's files hold as they lie on disk. */
function tracesOnDisk(text: string): string[] {
  const { anyCase, exact } = formsOf(text);
  const files = [house.temporalFile, `${house.temporalFile}-wal`].filter((file) => existsSync(file));
  return files.flatMap((file) => {
    const bytes = readFileSync(file);
    return [...anyCase, ...exact].filter((form) => bytes.includes(form)).map((form) => `${file}: ${form}`);
  });
}

/** Holds an erasure up where the histories of its first page are gone, and that is not noted yet. */
async function holdProgress() {
  const admin = openTestPool({ url: house.adminUrl, maxConnections: 1 });
  await admin.unsafe(`
    create function hold_progress() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock_shared(4711); return new; end $$;
    create trigger hold_progress before update on erasure for each row when (new.done > 0) execute function hold_progress();
    select pg_advisory_lock(4711)`);
  return {
    reached: () => until(async () => (await admin`select from pg_locks where locktype = 'advisory' and objid = 4711 and not granted`).length > 0, 120_000),
    async release() {
      await admin.unsafe('select pg_advisory_unlock(4711); drop trigger hold_progress on erasure; drop function hold_progress()');
      await admin.end({ timeout: 5 });
    },
  };
}

test('killed in the middle, an erasure goes on where it stands and ends; nothing of the person is left in either database', async () => {
  const text = `mk${randomUUID().replaceAll('-', '')}`;
  const event = (): GovernanceEvent => ({
    id: randomUUID(),
    agentId: 'clerk',
    action: 'read',
    content: `content ${text}`,
    principal: { user: `${text}@example.com` },
    tool: { name: 'read', args: { note: text } },
  });
  const events = Array.from({ length: 250 }, event);
  const queue = events.values();
  const send = async (): Promise<void> => {
    for (const each of queue) await call('POST', '/api/v1/governance/events', each);
  };
  await Promise.all(Array.from({ length: 8 }, send));
  const codec = createPayloadCodec(house.masterKey);
  // The list of runs lags behind them.
  await until(async () => (await house.withTemporal((client) => runsHolding(client, codec, text))).length === events.length, 120_000);
  const hold = await holdProgress();

  const { id } = await call<Erasure>('POST', '/api/v1/audit/erasures', { subject: { user: `${text}@example.com` }, legalGround: 'consent-withdrawn' });
  const read = () => call<Erasure>('GET', `/api/v1/audit/erasures/${id}`);
  await hold.reached();
  await house.kill('maintenance', 'temporal');
  await hold.release();
  // The keys are gone whatever becomes of the run.
  expect((await read()).status).toBe('running');
  await house.start('temporal', 'maintenance');
  while ((await read()).status === 'running') await sleep(500);

  expect(await read()).toMatchObject({ status: 'completed', touched: { events: events.length }, progress: { percent: 100 } });
  expect(await house.withTemporal((client) => runsHolding(client, codec, text))).toEqual([]);
  expect(tracesOnDisk(text)).toEqual([]);
  expect(await tablesHolding(house.adminUrl, text)).toEqual([]);
  expect((await verifyLedger(house.sql, organization.orgId)).findings).toEqual([]);
}, 300_000);
