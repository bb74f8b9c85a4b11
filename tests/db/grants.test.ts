import type { Sql } from '../../db/client.ts';
import { loadDecisionConfig } from '../../db/queries/decision-config.ts';
import { createGrant, findGrant, listGrantUses, type NewGrant, revokeGrant } from '../../db/queries/grants.ts';
import { settleDecisions } from '../../db/queries/settle.ts';
import { verifyLedger } from '../../db/verify-ledger.ts';
import { createTestDatabase, openTestPool } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { addOrganization, auditOf, settleItem } from '../support/ledger-records.ts';
import { testVault } from '../support/vault.ts';

const range = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

describe('grants', () => {
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

  const give = (changes: Partial<NewGrant> = {}): Promise<void> =>
    createGrant(sql, {
      orgId,
      grant: {
        id: 'gra_1',
        agent_id: 'agent-1',
        tool: 'send_mail',
        bounds: '{"to":{"maxLength":9}}',
        session_id: null,
        review_id: null,
        expires_at: new Date(Date.now() + 3_600_000).toISOString(),
        max_uses: 3,
        reason: 'drill',
        granted_by: 'mem_owner',
        ...changes,
      },
      audit: auditOf('grant.created'),
    });
  const config = () => loadDecisionConfig(sql, orgId);
  const use = async (pool: Sql, eventId: string, configVersion: number, changes: Partial<Parameters<typeof settleItem>[2]> = {}) =>
    (await settleDecisions(pool, [settleItem(orgId, eventId, { grant: 'gra_1', configVersion, ...changes })]))[0];

  test('giving one is a new version of the configuration, which holds it', async () => {
    await give({ session_id: 's1' });
    expect(await config()).toMatchObject({
      version: 2,
      grants: [
        {
          id: 'gra_1',
          agentId: 'agent-1',
          tool: 'send_mail',
          bounds: { to: { maxLength: 9 } },
          sessionId: 's1',
          grantedBy: { memberId: 'mem_owner', email: null },
        },
      ],
    });
    expect((await verifyLedger(sql, orgId)).findings).toEqual([]);
  });

  test('the configuration holds none that is over, revoked or used up', async () => {
    await give({ id: 'gra_over', expires_at: new Date(Date.now() - 1).toISOString() });
    await give({ id: 'gra_back' });
    await revokeGrant(sql, { orgId, grantId: 'gra_back', revokedBy: 'member:m', audit: auditOf('grant.revoked') });
    await give({ max_uses: 1 });
    expect((await config())?.grants.map(({ id }) => id)).toEqual(['gra_1']);
    expect(await use(sql, 'e1', 5)).toMatchObject({ status: 'recorded' });
    expect((await config())?.grants).toEqual([]);
  });

  test('a use is counted and listed with the decision it let pass, and a retry uses nothing', async () => {
    await give();
    expect(await use(sql, 'e1', 2)).toMatchObject({ status: 'recorded' });
    expect(await use(other, 'e1', 2)).toMatchObject({ status: 'exists' });
    expect(await findGrant(testVault(sql), { orgId, grantId: 'gra_1' })).toMatchObject({ uses: 1, maxUses: 3 });
    expect(await listGrantUses(sql, { orgId, grantId: 'gra_1', limit: 9 })).toEqual([{ eventId: 'e1', at: expect.any(Date) }]);
  });

  test('a decision that is not recorded uses nothing: old configuration, old session, no quota', async () => {
    await give();
    const session = { id: 's1', version: 7, state: '{}', holder: orgId, reserve: false };
    expect(await use(sql, 'e1', 1)).toMatchObject({ status: 'stale', configVersion: 2, grantSpent: false });
    expect(await use(sql, 'e2', 2, { session })).toMatchObject({ status: 'stale', sessionVersion: 0, grantSpent: false });
    expect(await findGrant(testVault(sql), { orgId, grantId: 'gra_1' })).toMatchObject({ uses: 0 });
  });

  test('of fifty at once from two pools exactly as many pass as were allowed', async () => {
    await give({ max_uses: 7 });
    const results = await Promise.all(range(50).map((at) => use(at % 2 === 0 ? sql : other, `e${at}`, 2)));
    expect(results.filter((result) => result?.status === 'recorded')).toHaveLength(7);
    expect(results.filter((result) => result?.status === 'stale' && result.grantSpent)).toHaveLength(43);
    expect(await findGrant(testVault(sql), { orgId, grantId: 'gra_1' })).toMatchObject({ uses: 7 });
    expect(await listGrantUses(sql, { orgId, grantId: 'gra_1', limit: 99 })).toHaveLength(7);
  });

  test('of fifty in one batch too', async () => {
    await give({ max_uses: 7 });
    const results = await settleDecisions(
      sql,
      range(50).map((at) => settleItem(orgId, `e${at}`, { grant: 'gra_1', configVersion: 2 })),
    );
    expect(results.map(({ status }) => status)).toEqual([...range(7).map(() => 'recorded'), ...range(43).map(() => 'stale')]);
  });

  test('one that is over is refused however it was remembered', async () => {
    await give({ expires_at: new Date(Date.now() - 1).toISOString() });
    expect(await use(sql, 'e1', 2)).toMatchObject({ status: 'stale', grantSpent: true });
  });

  test('a revocation and uses at the same moment: what passed stands before the revocation in the ledger', async () => {
    await give({ max_uses: 1_000 });
    const audit = auditOf('grant.revoked');
    const [results, revoked] = await Promise.all([
      Promise.all(range(30).map((at) => use(at % 2 === 0 ? sql : other, `e${at}`, 2))),
      revokeGrant(other, { orgId, grantId: 'gra_1', revokedBy: 'member:m', audit }),
    ]);
    expect(revoked).toBe(true);
    const admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
    const [entry] = await admin<{ seq: number }[]>`select seq from ledger_entry where org_id = ${orgId} and record_id = ${audit.id}`;
    await admin.end();
    for (const result of results) {
      if (result?.status === 'recorded') expect(result.seq).toBeLessThan(entry?.seq ?? -1);
      else expect(result).toMatchObject({ status: 'stale', configVersion: 3 });
    }
  });

  test('revoking twice, or what is not there, changes nothing', async () => {
    await give();
    const revoke = (at: string, grantId: string) => revokeGrant(sql, { orgId: at, grantId, revokedBy: 'member:m', audit: auditOf('grant.revoked') });
    expect(await revoke(await addOrganization(sql), 'gra_1')).toBe(false);
    expect([await revoke(orgId, 'gra_1'), await revoke(orgId, 'gra_1'), await revoke(orgId, 'gra_2')]).toEqual([true, false, false]);
    expect((await config())?.version).toBe(3);
  });
});
