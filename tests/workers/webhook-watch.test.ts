import { randomUUID } from 'node:crypto';
import { createWebhookFeed } from '../../activities/webhook-feed.ts';
import { auditEntry } from '../../api/audit.ts';
import { createWebhookEndpoint } from '../../db/queries/webhook-endpoints.ts';
import { listUnstartedDeliveries, type UnstartedDelivery } from '../../db/queries/webhook-feed.ts';
import { watchWebhooks } from '../../workers/webhook-watch.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { addOrganization, sha256Hex } from '../support/ledger-records.ts';
import { createLedgerRuntime } from '../support/ledger-runtime.ts';
import { testVault } from '../support/vault.ts';
import { until } from '../support/until.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('what cannot be started is said once a round and started when it can be; what is started is started once', async () => {
  const sql = database.appSql;
  const orgId = await addOrganization(sql);
  const audit = auditEntry({ type: 'test.made', actor: 'system', requestId: 'req_test' });
  const id = `whe_${randomUUID()}`;
  await createWebhookEndpoint(sql, { orgId, id, name: 'x', types: ['governance.decision.blocked'], config: Buffer.of(1), createdBy: 'system', most: 1, audit });
  const runtime = createLedgerRuntime(testVault(sql));
  for (const name of ['a', 'b', 'c']) {
    const event = { id: name, agentId: 'agent', action: 'destroy' };
    await runtime.decide({ orgId, event, digest: sha256Hex(name), requester: 'key:test', requestId: 'req_test', receivedAtMs: Date.now() });
  }

  let isAway = true;
  let rounds = 0;
  const errors: unknown[] = [];
  const started: UnstartedDelivery[] = [];
  const watch = watchWebhooks({
    sql,
    feed: createWebhookFeed({ sql, publicUrl: 'https://guard.example' }),
    async start(delivery) {
      if (isAway) throw new Error('away');
      started.push(delivery);
    },
    onError: (error) => {
      errors.push(error);
      rounds += 1;
      if (rounds === 3) isAway = false;
    },
    now: Date.now,
    everyMs: 20,
  });
  try {
    await until(async () => started.length === 3 && (await listUnstartedDeliveries(sql, { limit: 10 })).length === 0);
  } finally {
    await watch.stop();
  }
  expect(errors).toHaveLength(3);
  expect(new Set(started.map(({ messageId }) => messageId)).size).toBe(3);
  expect(started).toHaveLength(3);
});
