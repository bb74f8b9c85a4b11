import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import type { Sql } from '../../db/client.ts';
import { openEventRecords, sealEvent } from '../../db/event-seal.ts';
import { endErasure, type ErasureOutcome, eraseSubject } from '../../db/queries/erasures.ts';
import { type SettleItem, settleDecisions, type SettleResult } from '../../db/queries/settle.ts';
import { SealBroken } from '../../db/sealed-object.ts';
import { createSubjectVault, refsOf, type SubjectVault } from '../../db/subject-vault.ts';
import { canonicalize } from '../../core/json/canonical.ts';
import { userSubject } from '../../core/ledger/personal-fields.ts';
import type { GovernanceEvent } from '../../schemas/event.ts';
import type { Json } from '../../schemas/json.ts';
import { anyEvent } from '../support/any-event.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../support/database.ts';
import { addOrganization, auditOf, settleItem } from '../support/ledger-records.ts';
import { TEST_MASTER_KEY, testVault } from '../support/vault.ts';

let database: TestDatabase;
let sql: Sql;
let admin: Sql;
let orgId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.appSql;
  admin = openTestPool({ url: database.adminUrl, maxConnections: 2 });
});
beforeEach(async () => {
  orgId = await addOrganization(sql);
});
afterAll(async () => {
  await admin.end({ timeout: 1 });
  await database.drop();
});

const event = (fields: Partial<GovernanceEvent> = {}): GovernanceEvent => ({
  id: randomUUID(),
  agentId: 'agent-1',
  action: 'send_mail',
  content: 'a private sentence',
  principal: { user: 'ann@example.com' },
  ...fields,
});

/** A settlement of an event, sealed by this vault. */
function itemOf(vault: SubjectVault, any: GovernanceEvent): SettleItem {
  const { readable, sealed, holder, keys } = sealEvent(vault, orgId, any);
  const base = settleItem(orgId, any.id);
  const body = canonicalize({ ...(JSON.parse(base.body) as object), v: 2, event: readable, holder, sealed } as unknown as Json);
  return { ...base, body, keys, subjects: sealed.map(({ subject }) => subject) };
}

async function settle(vault: SubjectVault, item: SettleItem): Promise<SettleResult | undefined> {
  const [result] = await settleDecisions(sql, [item]);
  if (result?.status === 'recorded') vault.taken(orgId, item.keys);
  return result;
}

const open = async (vault: SubjectVault, { body }: SettleItem) => (await openEventRecords(vault, orgId, [body]))[0];
const keys = () =>
  admin<{ version: number; alive: boolean }[]>`
    select version, wrapped_dek is not null as alive from vault.subject_key where org_id = ${orgId} order by subject_ref, version`;
const erase = (vault: SubjectVault, user: string): Promise<ErasureOutcome> =>
  eraseSubject(sql, {
    orgId,
    id: `era_${randomUUID()}`,
    ref: vault.refOf(orgId, userSubject(user)),
    kind: 'user',
    ground: 'objection',
    groundText: null,
    reference: null,
    by: 'member:m',
    backupDays: 7,
    audit: auditOf('erasure.recorded'),
  });

describe('sealing', () => {
  test('whatever event is recorded, whoever opens it later sees that event', async () => {
    await fc.assert(
      fc.asyncProperty(anyEvent, async (any) => {
        const item = itemOf(testVault(sql), any);
        expect(await settle(testVault(sql), item)).toMatchObject({ status: expect.stringMatching(/recorded|stale/) });
        // A key that another run of this property has made first: sealed anew.
        const vault = testVault(sql);
        await vault.renew(orgId, refsOf(item.keys));
        const again = itemOf(vault, any);
        const result = await settle(vault, again);
        expect(await open(testVault(sql), result?.status === 'recorded' ? again : item)).toMatchObject({ event: any, erased: false });
      }),
      { numRuns: 40 },
    );
  });

  test('the first record of a subject stores its key, later ones find it', async () => {
    const vault = testVault(sql);
    const [one, two] = [itemOf(vault, event()), itemOf(vault, event())];
    expect(one.keys[0]?.wrapped).not.toBeNull();
    expect((await settleDecisions(sql, [one, two])).map(({ status }) => status)).toEqual(['recorded', 'recorded']);
    vault.taken(orgId, one.keys);
    const three = itemOf(vault, event());
    expect(three.keys[0]?.wrapped).toBeNull();
    expect(await settle(vault, three)).toMatchObject({ status: 'recorded' });
    expect(await keys()).toEqual([{ version: 1, alive: true }]);
    for (const item of [one, two, three]) expect(await open(testVault(sql), item)).toMatchObject({ erased: false, event: { content: 'a private sentence' } });
  });

  test('two processes that make a key at once: one is stored, the other is told, and nothing is sealed under a key that is not there', async () => {
    const [first, second] = [testVault(sql), testVault(sql)];
    const [one, two] = [itemOf(first, event()), itemOf(second, event())];
    const results = await Promise.all([settle(first, one), settle(second, two)]);
    expect(new Set(results.map((result) => result?.status))).toEqual(new Set(['recorded', 'stale']));
    const [late, lateItem] = results[0]?.status === 'stale' ? [first, one] : [second, two];
    expect(results.find((result) => result?.status === 'stale')).toMatchObject({ keysStale: true });
    await late.renew(orgId, refsOf(lateItem.keys));
    expect(await settle(late, itemOf(late, event()))).toMatchObject({ status: 'recorded' });
    expect(await keys()).toEqual([{ version: 1, alive: true }]);
  });

  test('a key that was fresh when it was looked for is not missing because another had to be read meanwhile', async () => {
    let clockMs = 0;
    const vault = createSubjectVault({ sql, masterKey: TEST_MASTER_KEY, now: () => clockMs });
    const [ann, bob] = [itemOf(testVault(sql), event()), itemOf(testVault(sql), event({ principal: { user: 'bob@example.com' } }))];
    for (const item of [ann, bob]) await settle(testVault(sql), item);
    await open(vault, ann);
    clockMs = 29_999;
    const opening = openEventRecords(vault, orgId, [ann.body, bob.body]);
    clockMs = 60_000;
    expect((await opening).map((record) => record?.event.content)).toEqual(['a private sentence', 'a private sentence']);
  });

  test('whoever opens while others in the process read keys anew, or forget them, can open', async () => {
    const item = itemOf(testVault(sql), event());
    await settle(testVault(sql), item);
    const vault = testVault(sql);
    const opened = await Promise.all(
      Array.from({ length: 300 }, async (_, index) => {
        if (index % 3 === 1) await vault.renew(orgId, refsOf(item.keys));
        if (index % 3 === 2) vault.forgetAll();
        return open(vault, item);
      }),
    );
    expect(new Set(opened.map((record) => record?.event.content))).toEqual(new Set(['a private sentence']));
  });

  test('what is refused stores no key: a record that stands, a used-up quota, an old configuration', async () => {
    const vault = testVault(sql);
    const any = event({ principal: { user: 'first' } });
    await settle(vault, itemOf(vault, any));
    const doubled = itemOf(testVault(sql), { ...any, principal: { user: 'second' } });
    expect(await settle(vault, doubled)).toMatchObject({ status: 'exists' });
    expect(await settle(vault, { ...itemOf(vault, event({ principal: { user: 'third' } })), configVersion: 9 })).toMatchObject({
      status: 'stale',
      keysStale: false,
    });
    expect(await keys()).toHaveLength(1);
  });

  test('neither a name nor an event id can be guessed from what stands for it', async () => {
    const vault = testVault(sql);
    const [mine, theirs] = [vault.refOf(orgId, userSubject('ann@example.com')), vault.refOf(await addOrganization(sql), userSubject('ann@example.com'))];
    expect(mine).toMatch(/^[0-9a-f]{64}$/);
    expect(mine).not.toBe(theirs);
    expect(testVault(sql, Buffer.alloc(32, 8)).refOf(orgId, userSubject('ann@example.com'))).not.toBe(mine);
  });
});

describe('opening', () => {
  test('another master key opens nothing, and says so instead of taking it for erased', async () => {
    const vault = testVault(sql);
    const item = itemOf(vault, event());
    await settle(vault, item);
    // The references differ as well; asked by the record's own, the key does not unwrap.
    await expect(open(testVault(sql, Buffer.alloc(32, 8)), item)).rejects.toThrow(SealBroken);
  });

  test('a key that was put in the place of another is refused', async () => {
    const vault = testVault(sql);
    const [ann, bob] = [itemOf(vault, event()), itemOf(vault, event({ principal: { user: 'bob@example.com' } }))];
    await settleDecisions(sql, [ann, bob]);
    await admin`
      update vault.subject_key k set wrapped_dek = o.wrapped_dek, commitment = o.commitment from vault.subject_key o
      where k.org_id = ${orgId} and o.org_id = ${orgId} and k.subject_ref = decode(${ann.subjects[0] ?? ''}, 'hex') and o.subject_ref = decode(${bob.subjects[0] ?? ''}, 'hex')`;
    await expect(open(testVault(sql), ann)).rejects.toThrow(SealBroken);
  });

  test('the sealed part of another record is refused, though it is the same person’s', async () => {
    const vault = testVault(sql);
    const [one, two] = [itemOf(vault, event()), itemOf(vault, event({ content: 'another sentence' }))];
    await settleDecisions(sql, [one, two]);
    const swapped = { ...(JSON.parse(one.body) as object), sealed: (JSON.parse(two.body) as { sealed: Json }).sealed };
    await expect(open(testVault(sql), { ...one, body: canonicalize(swapped as Json) })).rejects.toThrow(SealBroken);
  });

  test('a key that was never stored is no erasure', async () => {
    await expect(open(testVault(sql), itemOf(testVault(sql), event()))).rejects.toThrow(SealBroken);
  });
});

describe('erasing', () => {
  test('what was sealed for a person is gone for everybody who has not opened it, and what was sealed for others is not', async () => {
    const vault = testVault(sql);
    const resource = { type: 'account', id: 'acc-1', ownerUser: 'bob@example.com' };
    const [ann, both] = [itemOf(vault, event()), itemOf(vault, event({ resource }))];
    await settleDecisions(sql, [ann, both]);
    expect(await erase(vault, ' ANN@example.com')).toMatchObject({ status: 'destroyed', holds: null });
    vault.forgetAll();
    for (const reader of [vault, testVault(sql)]) {
      const erased = await open(reader, ann);
      expect(erased).toMatchObject({ erased: true, event: { agentId: 'agent-1' } });
      expect(JSON.stringify(erased)).not.toMatch(/private|ann@/);
      expect(await open(reader, both)).toMatchObject({ erased: true, event: { resource: { type: 'account', ownerUser: 'bob@example.com' } } });
    }
    expect(await keys()).toEqual(
      expect.arrayContaining([
        { version: 1, alive: false },
        { version: 1, alive: true },
      ]),
    );
  });

  test('a new record of the same person has a new key, and a second erasure destroys that one', async () => {
    const vault = testVault(sql);
    const before = itemOf(vault, event());
    await settle(vault, before);
    await erase(vault, 'ann@example.com');
    // This process has not heard of it: its first try is refused.
    expect(await settle(vault, itemOf(vault, event()))).toMatchObject({ status: 'stale', keysStale: true });
    await vault.renew(orgId, before.subjects);
    const after = itemOf(vault, event());
    expect(after.keys).toMatchObject([{ version: 2 }]);
    expect(await settle(vault, after)).toMatchObject({ status: 'recorded' });
    expect([(await open(vault, before))?.erased, (await open(vault, after))?.erased]).toEqual([true, false]);
    expect((await erase(vault, 'ann@example.com')).status).toBe('destroyed');
    vault.forgetAll();
    expect((await open(vault, after))?.erased).toBe(true);
    expect(await keys()).toEqual([
      { version: 1, alive: false },
      { version: 2, alive: false },
    ]);
  });

  test('a record races the erasure: it stands before and is erased, or it is refused and sealed anew; it is never sealed under a destroyed key', async () => {
    const vault = testVault(sql);
    await settle(vault, itemOf(vault, event()));
    const items = Array.from({ length: 20 }, () => itemOf(vault, event()));
    const [results, { status }] = await Promise.all([Promise.all(items.map((item) => settleDecisions(sql, [item]))), erase(vault, 'ann@example.com')]);
    expect(status).toBe('destroyed');
    const [row] = await admin<{ seq: number }[]>`select seq from erasure where org_id = ${orgId}`;
    for (const [result] of results) {
      if (result?.status === 'recorded') expect(result.seq).toBeLessThan(row?.seq ?? -1);
      else expect(result).toMatchObject({ status: 'stale', keysStale: true });
    }
  });

  test('of twenty erasures at once one destroys, and the others are told which', async () => {
    const vault = testVault(sql);
    await settle(vault, itemOf(vault, event()));
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => erase(vault, 'ann@example.com')));
    const [done] = outcomes.filter(({ status }) => status === 'destroyed');
    expect(outcomes.filter(({ status, id }) => status === 'exists' && id === done?.id)).toHaveLength(19);
    const [count] = await admin<{ n: number }[]>`select count(*)::int as n from audit_records where org_id = ${orgId} and type = 'erasure.recorded'`;
    expect(count?.n).toBe(1);
  });

  test('the receipt counts what was touched, and says until when a backup could bring it back', async () => {
    const vault = testVault(sql);
    await settleDecisions(sql, [itemOf(vault, event()), itemOf(vault, event()), itemOf(vault, event({ principal: { user: 'bob' } }))]);
    await erase(vault, 'ann@example.com');
    const [row] = await admin<{ touched: Json; days: number; keys: number }[]>`
      select touched, extract(day from backups_expire_at - requested_at)::int as days, keys_destroyed as keys from erasure where org_id = ${orgId}`;
    expect(row).toEqual({ touched: { events: 2, reviewSteps: 0, auditRecords: 0, reviews: 0 }, days: 7, keys: 1 });
  });

  test('somebody of whom nothing was ever recorded is unknown, and nothing is written', async () => {
    const before = await admin`select next_seq from ledger_head where org_id = ${orgId}`;
    expect(await erase(testVault(sql), 'nobody@example.com')).toMatchObject({ status: 'unknown', id: null });
    expect(await admin`select next_seq from ledger_head where org_id = ${orgId}`).toEqual(before);
  });

  test.each([
    ['of all time', null, null, true],
    ['of a time that a record of theirs falls into', -60_000, 60_000, true],
    ['of a time before', null, -60_000, false],
    ['of a time to come', 60_000, null, false],
  ])('a legal hold %s', async (_what, fromMs, untilMs, isHeld) => {
    const vault = testVault(sql);
    const item = itemOf(vault, event());
    await settle(vault, item);
    const at = (ms: number | null): Date | null => (ms === null ? null : new Date(Date.now() + ms));
    await admin`
      insert into legal_hold (org_id, id, reason, held_from, held_until, placed_by, placed_at) values (${orgId}, 'hld_1', 'drill', ${at(fromMs)}, ${at(untilMs)}, 'system', now())`;
    expect(await erase(vault, 'ann@example.com')).toMatchObject(isHeld ? { status: 'held', holds: ['hld_1'], id: null } : { status: 'destroyed' });
    expect((await keys())[0]?.alive).toBe(isHeld);
    await admin`update legal_hold set released_at = now() where org_id = ${orgId}`;
    expect((await erase(vault, 'ann@example.com')).status).toBe(isHeld ? 'destroyed' : 'exists');
  });

  test('one that was cancelled goes on when it is asked for again; one that has ended stays ended', async () => {
    const vault = testVault(sql);
    await settle(vault, itemOf(vault, event()));
    const { id } = await erase(vault, 'ann@example.com');
    const end = (status: 'completed' | 'cancelled') =>
      endErasure(sql, { orgId, erasureId: id ?? '', status, historiesGoneAt: null, audit: auditOf(`erasure.${status}`) });
    const statusNow = async () => (await admin<{ status: string }[]>`select status from erasure where org_id = ${orgId}`)[0]?.status;
    expect([await end('cancelled'), await end('completed'), await statusNow()]).toEqual([true, false, 'cancelled']);
    expect(await erase(vault, 'ann@example.com')).toMatchObject({ status: 'exists', id });
    expect([await statusNow(), await end('completed'), await end('cancelled'), await statusNow()]).toEqual(['running', true, false, 'completed']);
    await erase(vault, 'ann@example.com');
    expect(await statusNow()).toBe('completed');
  });
});

describe('the keys', () => {
  test('can be read by no role that logs in, nor by the reporting, signing and purging ones, nor by those who own other tables', async () => {
    expect(
      await admin`
        select r.name as role, c.relname as table, p.name as privilege
        from unnest(array['mg_app', 'mg_report', 'mg_signer', 'mg_purge', 'mg_auth', 'public']) as r(name),
             unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) as p(name), pg_class c
        where c.relnamespace = 'vault'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
          and (has_table_privilege(r.name, c.oid, p.name) or p.name in ('select', 'insert', 'update', 'references') and has_any_column_privilege(r.name, c.oid, p.name))`,
    ).toEqual([]);
    expect(
      await admin`select r from unnest(array['mg_app', 'mg_report', 'mg_signer', 'mg_purge', 'mg_auth', 'public']) as r where has_schema_privilege(r, 'vault', 'usage')`,
    ).toEqual([]);
    await expect(sql`select 1 from vault.subject_key`).rejects.toThrow('permission denied');
  });

  test('have row-level security forced on every table, and the owner sees no row', async () => {
    const tables = await admin<{ name: string; forced: boolean }[]>`
      select relname as name, relrowsecurity and relforcerowsecurity as forced from pg_class where relnamespace = 'vault'::regnamespace and relkind = 'r' order by 1`;
    expect(tables).toEqual([
      { name: 'subject_key', forced: true },
      { name: 'subject_use', forced: true },
    ]);
    await settle(testVault(sql), itemOf(testVault(sql), event()));
    const seen = await admin.begin(async (tx) => {
      await tx`set local role mg_owner`;
      return tx`select 1 from vault.subject_key`;
    });
    expect([...seen]).toEqual([]);
  });
});
