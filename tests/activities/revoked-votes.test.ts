import { createBatchActivities } from '../../activities/batch-decision.ts';
import type { Sql } from '../../db/client.ts';
import { createInboundSecret, revokeInboundSecret } from '../../db/queries/inbound-webhooks.ts';
import { revokeKey } from '../../db/queries/keys.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../support/database.ts';
import { addKey } from '../support/keys.ts';
import { auditOf } from '../support/ledger-records.ts';
import { parkReviews } from '../support/parked-reviews.ts';
import { until } from '../support/until.ts';
import { testVault } from '../support/vault.ts';

let database: TestDatabase;
let sql: Sql;
let admin: Sql;
let house: Awaited<ReturnType<typeof parkReviews>>;
let reviewId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.appSql;
  admin = openTestPool({ url: database.adminUrl, maxConnections: 2 });
  house = await parkReviews(sql);
});
beforeEach(async () => {
  reviewId = await house.park();
});
afterAll(async () => {
  await admin.end();
  await database.drop();
});

const WAYS = {
  async 'a key'() {
    const keyId = await addKey(sql, house.orgId);
    return { via: `key:${keyId}`, revoke: (tx: Sql) => revokeKey(tx, { orgId: house.orgId, keyId, audit: auditOf('key.revoked') }) };
  },
  async 'a secret'() {
    const id = `whi_${reviewId}`;
    const secret = { id, name: 'desk', members: ['ann'], secret: Buffer.from('sealed'), createdBy: 'system', expiresAt: null, most: 20 };
    await createInboundSecret(sql, { orgId: house.orgId, ...secret, audit: auditOf('webhook.inbound-secret-created') });
    return {
      via: `webhook:${id}`,
      revoke: (tx: Sql) => revokeInboundSecret(tx, { orgId: house.orgId, secretId: id, audit: auditOf('webhook.inbound-secret-revoked') }),
    };
  },
};

const batch = (via: string) =>
  createBatchActivities({ vault: testVault(sql), tellRuns: () => Promise.resolve(), now: Date.now }).decideBatch({
    orgId: house.orgId,
    batchKey: reviewId,
    memberId: 'ann',
    via,
    decisions: [{ reviewId, verb: 'approve' }],
  });

describe.each(['a key', 'a secret'] as const)('a decision that came by %s which is revoked before it is recorded', (way) => {
  it('does not count', async () => {
    const { via, revoke } = await WAYS[way]();
    await revoke(sql);
    expect(await house.vote(reviewId, 'ann', { via })).toMatchObject({ kind: 'refused', code: 'not-a-reviewer' });
    expect((await batch(via)).answers).toMatchObject([{ status: 'refused', code: 'not-a-reviewer', reviewStatus: 'pending' }]);
    expect(await house.recorded(reviewId)).toEqual([]);
  });

  it('does not count either where the two are done at once', async () => {
    const { via, revoke } = await WAYS[way]();
    const voting = await admin.begin(async (tx) => {
      await revoke(tx as unknown as Sql);
      const vote = house.vote(reviewId, 'ann', { via });
      // Computed as if nothing had happened; now it waits to be recorded.
      await until(async () => (await admin`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`).length > 0);
      return [vote] as const;
    });
    expect(await voting[0]).toMatchObject({ kind: 'refused', code: 'not-a-reviewer' });
    expect(await house.recorded(reviewId)).toEqual([]);
  });
});

test('a vote that is on record already, and is sent again, is told so after its key is revoked', async () => {
  const { via, revoke } = await WAYS['a key']();
  const move = { step: 'approve', memberId: 'ann', via } as const;
  const vote = () => house.steps.takeReviewStep({ orgId: house.orgId, reviewId, stepKey: 'vote/1', move });
  expect(await vote()).toMatchObject({ kind: 'recorded' });
  await revoke(sql);
  expect(await vote()).toMatchObject({ kind: 'recorded' });
  expect(await house.recorded(reviewId)).toHaveLength(1);
});
