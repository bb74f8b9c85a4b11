import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { verifyLedger } from '../../db/verify-ledger.ts';
import type { Erasure } from '../../schemas/erasure.ts';
import type { GovernanceEvent } from '../../schemas/event.ts';
import { createPayloadCodec } from '../../workers/payload-codec.ts';
import { type House, openHouse } from '../support/house.ts';
import { type HouseCaller, houseCaller } from '../support/house-caller.ts';
import { formsOf, runsHolding, tablesHolding } from '../support/personal-traces.ts';
import { addTestOrganization, type TestOrganization } from '../support/product.ts';

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
  expect(await house.withTemporal((client) => runsHolding(client, codec, text))).toHaveLength(events.length);

  const { id } = await call<Erasure>('POST', '/api/v1/audit/erasures', { subject: { user: `${text}@example.com` }, legalGround: 'consent-withdrawn' });
  const read = () => call<Erasure>('GET', `/api/v1/audit/erasures/${id}`);
  while ((await read()).progress.done === 0) await sleep(20);
  await house.kill('maintenance', 'temporal');
  // The keys are gone whatever becomes of the run.
  expect((await read()).status).toBe('running');
  await house.start('temporal', 'maintenance');
  while ((await read()).status === 'running') await sleep(500);

  expect(await read()).toMatchObject({ status: 'completed', touched: { events: events.length }, progress: { percent: 100 } });
  expect(await house.withTemporal((client) => runsHolding(client, codec, text))).toEqual([]);
  expect(tracesOnDisk(text)).toEqual([]);
  expect(await tablesHolding(house.adminUrl, text)).toEqual([]);
  expect((await verifyLedger(house.sql, organization.orgId)).findings).toEqual([]);
});
