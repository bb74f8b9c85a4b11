import type { Sql } from '../../db/client.ts';
import { type AfterReviewInput, type AlertHandling, findAlert, handleAlert, listAlerts, listOpenAlerts } from '../../db/queries/alerts.ts';
import { findReview } from '../../db/queries/reviews.ts';
import { settleDecisions } from '../../db/queries/settle.ts';
import { asTenant } from '../../db/tenant.ts';
import { verifyLedger } from '../../db/verify-ledger.ts';
import { createTestDatabase, openTestPool } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { addOrganization, auditOf, settleItem } from '../support/ledger-records.ts';
import { testVault } from '../support/vault.ts';

const OPENS: AfterReviewInput = {
  id: 'rev_after',
  digest: 'd',
  session_id: null,
  plan: '{}',
  state: '{}',
  summary: '{}',
  created_at: '2030-01-01T00:00:00Z',
  due_at: '2030-01-01T01:00:00Z',
  expires_at: '2030-01-01T01:00:00Z',
};

describe('alerts', () => {
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

  const raise = async (id: string, riskScore = 10): Promise<void> => {
    const { fields } = settleItem(orgId, `event-${id}`);
    const alert = { id, cause: 'decision', reasons: '["drill"]' };
    await settleDecisions(sql, [settleItem(orgId, `event-${id}`, { alert, fields: { ...fields, value: 'ALERT', riskScore } })]);
  };
  const handle = (pool: Sql, changes: Partial<AlertHandling> = {}): Promise<boolean> =>
    handleAlert(pool, {
      orgId,
      alertId: 'alr_1',
      status: 'acknowledged',
      memberId: 'mem_1',
      note: null,
      opens: null,
      audit: auditOf('alert.acknowledged'),
      ...changes,
    });
  const audits = (): Promise<string[]> =>
    asTenant(sql, orgId, async (tx) =>
      (await tx<{ type: string }[]>`select type from audit_records where org_id = ${orgId} and type like 'alert.%' order by seq`).map(({ type }) => type),
    );

  test('the queue is in order of risk, then of age, and pages go on behind an alert that was handled meanwhile', async () => {
    for (const [id, riskScore] of [
      ['alr_1', 10],
      ['alr_2', 90],
      ['alr_3', 10],
      ['alr_4', 50],
    ] as const)
      await raise(id, riskScore);
    const page = async (afterId?: string) => (await listOpenAlerts(testVault(sql), { orgId, afterId, limit: 2 })).map(({ id }) => id);
    expect(await page()).toEqual(['alr_2', 'alr_4']);
    await handle(sql, { alertId: 'alr_4' });
    expect(await page('alr_4')).toEqual(['alr_1', 'alr_3']);
    expect((await listAlerts(testVault(sql), { orgId, status: 'acknowledged', limit: 9 })).map(({ id }) => id)).toEqual(['alr_4']);
  });

  test('of twenty who handle one at once, one does, with one audit record', async () => {
    await raise('alr_1');
    const handled = await Promise.all(
      Array.from({ length: 20 }, (_, at) => handle(at % 2 === 0 ? sql : other, { memberId: `mem_${at}`, audit: auditOf('alert.acknowledged') })),
    );
    expect(handled.filter(Boolean)).toHaveLength(1);
    expect(await findAlert(testVault(sql), { orgId, alertId: 'alr_1' })).toMatchObject({ status: 'acknowledged', handledBy: `mem_${handled.indexOf(true)}` });
    expect(await audits()).toEqual(['alert.acknowledged']);
    expect((await verifyLedger(sql, orgId)).findings).toEqual([]);
  });

  test('escalation opens its review in the same statement, and only then', async () => {
    await raise('alr_1', 40);
    expect(await handle(sql, { status: 'escalated', opens: OPENS, note: 'odd' })).toBe(true);
    expect(await findAlert(testVault(sql), { orgId, alertId: 'alr_1' })).toMatchObject({ status: 'escalated', escalatedTo: 'rev_after', note: 'odd' });
    expect(await findReview(testVault(sql), { orgId, reviewId: 'rev_after' })).toMatchObject({
      kind: 'after',
      status: 'pending',
      eventId: 'event-alr_1',
      agentId: 'agent-1',
      action: 'send_mail',
      riskScore: 40,
    });
    expect(await handle(sql, { status: 'escalated', opens: { ...OPENS, id: 'rev_again' } })).toBe(false);
    expect(await findReview(testVault(sql), { orgId, reviewId: 'rev_again' })).toBeUndefined();
  });

  test('a handling whose audit record is refused leaves alert and queue as they were', async () => {
    await raise('alr_1');
    await expect(handle(sql, { status: 'escalated', opens: OPENS, audit: { ...auditOf('alert.escalated'), id: 'no-uuid' } })).rejects.toThrow();
    expect(await findAlert(testVault(sql), { orgId, alertId: 'alr_1' })).toMatchObject({ status: 'open', handledAt: null });
    expect(await findReview(testVault(sql), { orgId, reviewId: 'rev_after' })).toBeUndefined();
  });

  test('another organisation neither sees nor handles it', async () => {
    await raise('alr_1');
    const theirs = await addOrganization(sql);
    expect(await handle(sql, { orgId: theirs })).toBe(false);
    expect(await findAlert(testVault(sql), { orgId: theirs, alertId: 'alr_1' })).toBeUndefined();
    expect(await listOpenAlerts(testVault(sql), { orgId: theirs, limit: 9 })).toEqual([]);
  });
});
