import { randomUUID } from 'node:crypto';
import type { WebhookDelivery } from '../../schemas/webhook.ts';
import { type House, openHouse } from '../support/house.ts';
import { type HouseCaller, houseCaller } from '../support/house-caller.ts';
import { addTestOrganization } from '../support/product.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';
import { until } from '../support/until.ts';

const EVENTS = 12;
let house: House;
let call: HouseCaller;
let receiver: WebhookReceiver;
beforeAll(async () => {
  receiver = await startWebhookReceiver();
  house = await openHouse({ settings: { OUTBOUND_ALLOW: '127.0.0.0/8' } });
  call = houseCaller(house, (await addTestOrganization(house.sql, house.masterKey)).apiKey);
});
afterAll(async () => {
  await house.close();
  await receiver.close();
});

test('killed in the middle of deliveries, and again before they are begun, the product loses none', async () => {
  const { id } = await call<{ id: string }>('POST', '/api/v1/webhooks/endpoints', {
    name: 'siem',
    url: `${receiver.url}/hook`,
    types: ['governance.decision.blocked'],
  });
  const foreign = { agentId: 'clerk', action: 'read_record', principal: { org: 'acme' }, resource: { type: 'record', id: '1', ownerOrg: 'globex' } };
  const decide = () => call('POST', '/api/v1/governance/events', { id: randomUUID(), ...foreign });
  const log = async (): Promise<WebhookDelivery[]> =>
    (await call<{ data: WebhookDelivery[] }>('GET', `/api/v1/webhooks/endpoints/${id}/deliveries?limit=200`)).data;

  const release = receiver.hold('/hook');
  for (let count = 0; count < EVENTS / 2; count += 1) await decide();
  // The other side has some of them in hand and has not answered.
  await until(async () => receiver.to('/hook').length >= 2);
  await house.kill('hitl');
  release();
  // Told of by nobody as long as nobody is there to tell.
  for (let count = 0; count < EVENTS / 2; count += 1) await decide();
  await house.start('hitl');

  const delivered = await until(async () => {
    const all = await log();
    return all.length === EVENTS && all.every(({ status }) => status === 'delivered') && all;
  }, 150_000);
  const received = receiver.to('/hook').map(({ headers }) => String(headers['webhook-id']));
  expect(new Set(received)).toEqual(new Set(delivered.map(({ messageId }) => messageId)));
  expect(received.length).toBeGreaterThan(EVENTS);
  expect(house.deaths()).toEqual([]);
}, 240_000);
