import { randomUUID } from 'node:crypto';
import { auditEntry } from '../../../api/audit.ts';
import { delegationCycle } from '../../../core/hitl/delegation-cycle.ts';
import type { DatedDelegation } from '../../../core/hitl/delegation-cycle.ts';
import type { Sql } from '../../../db/client.ts';
import { createDelegation, delegationsWithin, findDelegation, listDelegations, revokeDelegation } from '../../../db/queries/delegations.ts';
import { createMember } from '../../../db/queries/members.ts';
import { createOrganization } from '../../../db/queries/organizations.ts';
import { listDeciders } from '../../../db/queries/standing.ts';
import { asTenant } from '../../../db/tenant.ts';
import { createTestDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const MEMBERS = ['a', 'b', 'c', 'd', 'e'];
const START_MS = Date.parse('2026-06-01T00:00:00Z');
const at = (ms: number): Date => new Date(START_MS + ms);
const audit = (type = 'test.made') => auditEntry({ type, actor: 'system', requestId: 'req_test' });

let database: TestDatabase;
let sql: Sql;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.appSql;
});
afterAll(() => database.drop());

async function newOrganization(): Promise<string> {
  const orgId = randomUUID();
  await createOrganization(sql, { orgId, name: 'Example', plan: 'free', retentionDays: 7, eventQuota: null, audit: audit() });
  for (const id of MEMBERS)
    await createMember(sql, { orgId, id, email: `${id}@example.com`, name: id, role: 'Reviewer', groups: [], passwordHash: null, audit: audit() });
  return orgId;
}

let count = 0;
const save = (orgId: string, { from, to, startsAtMs, endsAtMs }: DatedDelegation): Promise<'created' | 'circular'> => {
  const id = `dlg_${String(++count).padStart(4, '0')}`;
  const entry = { ...audit('delegation.created'), fields: { type: 'delegation.created', actor: 'system', target: id } };
  return createDelegation(sql, { orgId, id, from, to, startsAt: at(startsAtMs), endsAt: at(endsAtMs), reason: null, createdBy: 'system', audit: entry });
};
const link = (from: string, to: string, startsAtMs = 0, endsAtMs = 1_000): DatedDelegation => ({ from, to, startsAtMs, endsAtMs });

test('of saves at the same moment that close a circle together, at least one is refused, every time', async () => {
  const orgId = await newOrganization();
  for (let round = 0; round < 10; round++) {
    const during = [round * 1_000, round * 1_000 + 1_000] as const;
    const ring = MEMBERS.map((from, position) => save(orgId, link(from, MEMBERS[(position + 1) % MEMBERS.length] ?? '', ...during)));
    const outcomes = await Promise.all(ring);
    expect(outcomes.filter((outcome) => outcome === 'circular')).toHaveLength(1);
  }
});

test('what is refused leaves neither a row nor an audit record', async () => {
  const orgId = await newOrganization();
  expect([await save(orgId, link('a', 'b')), await save(orgId, link('b', 'a', 999, 2_000))]).toEqual(['created', 'circular']);
  expect(await save(orgId, link('b', 'a', 1_000, 2_000))).toBe('created');
  expect(await listDelegations(sql, { orgId, limit: 9 })).toHaveLength(2);
  const [row] = await asTenant(
    sql,
    orgId,
    (tx) => tx<{ n: number }[]>`
    select count(*)::int as n from audit_records where org_id = ${orgId} and type = 'delegation.created'`,
  );
  expect(row?.n).toBe(2);
});

test('a revoked delegation closes no circle; it is revoked once', async () => {
  const orgId = await newOrganization();
  await save(orgId, link('a', 'b'));
  const [row] = await listDelegations(sql, { orgId, limit: 9 });
  const delegationId = row?.id ?? '';
  expect(await revokeDelegation(sql, { orgId: await newOrganization(), delegationId, audit: audit() })).toBe(false);
  expect(await revokeDelegation(sql, { orgId, delegationId, audit: audit() })).toBe(true);
  expect(await revokeDelegation(sql, { orgId, delegationId, audit: audit() })).toBe(false);
  expect((await findDelegation(sql, { orgId, delegationId }))?.revokedAt).toBeInstanceOf(Date);
  expect(await delegationsWithin(sql, { orgId, startsAt: at(0), endsAt: at(1_000) })).toEqual([]);
  expect(await save(orgId, link('b', 'a'))).toBe('created');
});

test('agrees with delegationCycle over random histories', async () => {
  const random = seededRandom(20_260_601);
  for (let history = 0; history < 6; history++) {
    const orgId = await newOrganization();
    const saved: DatedDelegation[] = [];
    const outcomes = new Set<string>();
    for (let step = 0; step < 40; step++) {
      const from = random.pick(MEMBERS);
      const startsAtMs = random.integer(0, 9);
      const next = link(from, random.pick(MEMBERS.filter((id) => id !== from)), startsAtMs, startsAtMs + random.integer(1, 4));
      const expected = delegationCycle(next, saved) === null ? 'created' : 'circular';
      outcomes.add(expected);
      expect(await save(orgId, next)).toBe(expected);
      if (expected === 'created') saved.push(next);
    }
    expect(outcomes.size).toBe(2);
  }
});

test('those who decide are the active members of a role that does, and nobody of another organisation', async () => {
  const orgId = await newOrganization();
  await createMember(sql, { orgId, id: 'v', email: 'v@example.com', name: 'v', role: 'Viewer', groups: [], passwordHash: null, audit: audit() });
  expect((await listDeciders(sql, { orgId })).map(({ memberId }) => memberId)).toEqual(MEMBERS);
  expect(await listDeciders(sql, { orgId: randomUUID() })).toEqual([]);
});
