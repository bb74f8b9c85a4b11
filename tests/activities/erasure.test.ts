import { randomUUID } from 'node:crypto';
import { createErasureActivities, type ErasurePlace } from '../../activities/erasure.ts';
import { canonicalize } from '../../core/json/canonical.ts';
import { userSubject } from '../../core/ledger/personal-fields.ts';
import type { Sql } from '../../db/client.ts';
import { sealEvent } from '../../db/event-seal.ts';
import { eraseSubject, findErasure } from '../../db/queries/erasures.ts';
import { settleDecisions } from '../../db/queries/settle.ts';
import type { SubjectVault } from '../../db/subject-vault.ts';
import type { Json } from '../../schemas/json.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../support/database.ts';
import { addOrganization, auditOf, settleItem } from '../support/ledger-records.ts';
import { testVault } from '../support/vault.ts';

const USER = 'ann@example.com';
const FIRST: ErasurePlace = { part: 'entries', after: -1 };

let database: TestDatabase;
let sql: Sql;
let admin: Sql;
let vault: SubjectVault;
let orgId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.appSql;
  admin = openTestPool({ url: database.adminUrl, maxConnections: 2 });
});
beforeEach(async () => {
  vault = testVault(sql);
  orgId = await addOrganization(sql);
});
afterAll(async () => {
  await admin.end({ timeout: 1 });
  await database.drop();
});

/** Something of a person is on record. */
async function record(): Promise<void> {
  const event = { id: randomUUID(), agentId: 'agent-1', action: 'send_mail', content: 'a private sentence', principal: { user: USER } };
  const { readable, sealed, holder, keys } = sealEvent(vault, orgId, event);
  const item = settleItem(orgId, event.id);
  const body = canonicalize({ ...(JSON.parse(item.body) as object), v: 2, event: readable, holder, sealed } as unknown as Json);
  await settleDecisions(sql, [{ ...item, body, keys, subjects: sealed.map(({ subject }) => subject) }]);
}

/** Asked for, or asked for again: then the one there is goes on. */
async function erase(): Promise<string> {
  const asked = { kind: 'user', ground: 'objection', groundText: null, reference: null, by: 'member:m', backupDays: 7 } as const;
  const { id } = await eraseSubject(sql, {
    orgId,
    id: `era_${randomUUID()}`,
    ref: vault.refOf(orgId, userSubject(USER)),
    ...asked,
    audit: auditOf('erasure.recorded'),
  });
  if (id === null) throw new Error('nothing was erased');
  return id;
}

/** Temporal has no runs of anybody, and keeps what it has for a day. */
function activitiesAt(atMs: number) {
  const histories = {
    retentionMs: async () => 86_400_000,
    find: async () => [],
    unnamed: async () => ({ runs: [], next: null }),
    remove: async () => undefined,
  };
  return createErasureActivities({ vault, histories, now: () => atMs });
}

const statusOf = async (erasureId: string): Promise<string | undefined> => (await findErasure(sql, { orgId, erasureId }))?.status;

/** When the histories are gone at the latest, as the records of its cancellations say. */
const cancellations = async (): Promise<(string | null)[]> => {
  const rows = await admin<{ body: string }[]>`select body from audit_records where org_id = ${orgId} and type = 'erasure.cancelled' order by seq`;
  return rows.map(({ body }) => (JSON.parse(body) as { details: { historiesGoneAt: string | null } }).details.historiesGoneAt);
};

const ANY_DAY = Date.UTC(2026, 0, 1);

test('an erasure that is cancelled again where it had come no further ends, with a record of each cancellation', async () => {
  await record();
  const erasureId = await erase();
  for (const atMs of [ANY_DAY, ANY_DAY + 3_600_000]) {
    expect(await erase()).toBe(erasureId);
    const { done } = await activitiesAt(atMs).erasePage({ orgId, erasureId, place: FIRST, done: 0 });
    expect(done).toBe(1);
    await activitiesAt(atMs).endErasure({ orgId, erasureId });
    expect(await statusOf(erasureId)).toBe('cancelled');
  }
  expect(await cancellations()).toEqual(['2026-01-02T00:00:00.000Z', '2026-01-02T01:00:00.000Z']);
});

test('one that is cancelled before its first page, and again behind it, ends both times', async () => {
  await record();
  const erasureId = await erase();
  await activitiesAt(ANY_DAY).endErasure({ orgId, erasureId });
  await erase();
  await activitiesAt(ANY_DAY).erasePage({ orgId, erasureId, place: { part: 'unnamed', cursor: null }, done: 0 });
  await activitiesAt(ANY_DAY).endErasure({ orgId, erasureId });
  expect(await statusOf(erasureId)).toBe('cancelled');
  expect(await cancellations()).toEqual([null, '2026-01-02T00:00:00.000Z']);
});

test('a cancellation that is tried several times, also at once, is recorded once', async () => {
  await record();
  const erasureId = await erase();
  await activitiesAt(ANY_DAY).erasePage({ orgId, erasureId, place: FIRST, done: 0 });
  await Promise.all(Array.from({ length: 5 }, () => activitiesAt(ANY_DAY).endErasure({ orgId, erasureId })));
  await activitiesAt(ANY_DAY + 1_000).endErasure({ orgId, erasureId });
  expect(await cancellations()).toEqual(['2026-01-02T00:00:00.000Z']);
});
