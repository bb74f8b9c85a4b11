import { asTenant } from '../../../db/tenant.ts';
import { startApi } from '../../support/api.ts';
import type { Answer, TestApi } from '../../support/api.ts';
import { openTestPool } from '../../support/database.ts';

const DELEGATIONS = '/api/v1/hitl/delegations';
const DAY_MS = 86_400_000;
let test: TestApi;
let ann: string;
let ben: string;
let admin: string;

const keyFor = async (memberId: string): Promise<string> => (await test.newKey({ memberId })).key;

beforeAll(async () => {
  test = await startApi();
  for (const id of ['ann', 'ben', 'cyd', 'gone']) await test.newMember({ id, role: 'Reviewer' });
  await test.newMember({ id: 'admin', role: 'Admin' });
  await test.newMember({ id: 'viewer', role: 'Viewer' });
  [ann, ben, admin] = [await keyFor('ann'), await keyFor('ben'), await keyFor('admin')];
  const sql = openTestPool({ url: test.database.adminUrl, maxConnections: 1 });
  await sql`update member set status = 'disabled' where org_id = ${test.orgId} and id = 'gone'`;
  await sql.end();
});
afterAll(() => test.stop());

/** Each test has a year of its own, so that no delegation of another one is in its way. */
let year = 2030;
const nextYear = (): ((day: number) => string) => {
  const startMs = Date.UTC(year++, 0, 1);
  return (day) => new Date(startMs + day * DAY_MS).toISOString();
};
const create = (body: object, key = ann): Promise<Answer> => test.call('POST', DELEGATIONS, { key, body });
const revoke = (id: string, key: string): Promise<Answer> => test.call('DELETE', `${DELEGATIONS}/${id}`, { key });
const faultsOf = ({ status, body }: Answer): unknown[] => [status, body.code, body.errors?.map(({ pointer }: { pointer: string }) => pointer)];
const refusedAt = (...pointers: string[]): unknown[] => [422, 'validation-failed', pointers];

describe('POST /hitl/delegations', () => {
  it("gives the caller's own seat, from now on unless the body says otherwise", async () => {
    const beforeMs = Date.now();
    const endsAt = new Date(beforeMs + DAY_MS).toISOString();
    const { status, body } = await create({ to: 'cyd', endsAt, reason: 'on leave' });
    expect([status, body]).toMatchObject([201, { from: 'ann', to: 'cyd', endsAt, reason: 'on leave', revokedAt: null }]);
    expect(Date.parse(body.startsAt)).toBeGreaterThanOrEqual(beforeMs);
    expect(Date.parse(body.startsAt)).toBeLessThanOrEqual(Date.now());
    const earlier = await create({ to: 'cyd', startsAt: '2001-01-01T00:00:00Z', endsAt });
    expect(Date.parse(earlier.body.startsAt)).toBeGreaterThanOrEqual(Date.parse(body.startsAt));
  });

  it('leaves an audit record of who, whom, when and why', async () => {
    const on = nextYear();
    const { body } = await create({ to: 'cyd', startsAt: on(0), endsAt: on(7), reason: 'leave' });
    const [record] = await asTenant(
      test.database.appSql,
      test.orgId,
      (tx) => tx<{ body: string }[]>`
      select body from audit_records where org_id = ${test.orgId} and type = 'delegation.created' and target = ${body.id}`,
    );
    expect(JSON.parse(record?.body ?? '').details).toEqual({ from: 'ann', to: 'cyd', startsAt: on(0), endsAt: on(7), reason: 'leave' });
  });

  it("gives another member's seat only for those who manage members", async () => {
    const on = nextYear();
    const body = { from: 'ben', to: 'cyd', startsAt: on(0), endsAt: on(1) };
    expect((await create(body)).body).toMatchObject({ status: 403, code: 'not-permitted' });
    expect((await create(body, admin)).body).toMatchObject({ from: 'ben', to: 'cyd' });
  });

  it('is for people: a key bound to nobody gives no seat, whatever its scopes', async () => {
    const on = nextYear();
    const { status, body } = await create({ from: 'ben', to: 'cyd', startsAt: on(0), endsAt: on(1) }, test.ownerKey);
    expect([status, body.code]).toEqual([403, 'not-permitted']);
  });

  it('needs the scope to decide', async () => {
    const { key } = await test.newKey({ memberId: 'viewer' });
    expect((await create({ to: 'cyd', endsAt: nextYear()(1) }, key)).body).toMatchObject({ code: 'missing-scope', scope: 'hitl:decide' });
  });

  it.each(['nobody', 'gone', 'viewer'])('refuses `%s` at either end: only active members who decide reviews have seats', async (id) => {
    const on = nextYear();
    expect(faultsOf(await create({ to: id, startsAt: on(0), endsAt: on(1) }))).toEqual(refusedAt('/to'));
    expect(faultsOf(await create({ from: id, to: 'cyd', startsAt: on(0), endsAt: on(1) }, admin))).toEqual(refusedAt('/from'));
  });

  it('refuses a member of another organisation', async () => {
    await test.newMember({ id: 'stranger', role: 'Reviewer', orgId: await test.newOrganization() });
    expect(faultsOf(await create({ to: 'stranger', endsAt: nextYear()(1) })).at(2)).toContain('/to');
  });

  it('refuses whoever would stand in for themselves', async () => {
    const on = nextYear();
    expect(faultsOf(await create({ to: 'ann', startsAt: on(0), endsAt: on(1) }))).toEqual(refusedAt('/to'));
  });

  it('refuses a period that is over, ends before it starts, or lasts longer than a year', async () => {
    const on = nextYear();
    expect(faultsOf(await create({ to: 'cyd', endsAt: '2001-01-01T00:00:00Z' }))).toEqual(refusedAt('/endsAt'));
    expect(faultsOf(await create({ to: 'cyd', startsAt: on(2), endsAt: on(2) }))).toEqual(refusedAt('/endsAt'));
    expect(faultsOf(await create({ to: 'cyd', startsAt: on(0), endsAt: on(367) }))).toEqual(refusedAt('/endsAt'));
    expect(faultsOf(await create({ to: 'cyd', startsAt: on(0), endsAt: 'tomorrow' }))).toEqual(refusedAt('/endsAt'));
  });

  it('tells every fault at once', async () => {
    expect(faultsOf(await create({ to: 'nobody', endsAt: '2001-01-01T00:00:00Z' }))).toEqual(refusedAt('/to', '/endsAt'));
  });

  it('refuses a circle in any moment of the period, chains included, and names it', async () => {
    const on = nextYear();
    await create({ to: 'ben', startsAt: on(0), endsAt: on(10) });
    await create({ to: 'cyd', startsAt: on(5), endsAt: on(15) }, ben);
    const cyd = await keyFor('cyd');
    const answer = await create({ to: 'ann', startsAt: on(1), endsAt: on(20) }, cyd);
    expect(faultsOf(answer)).toEqual(refusedAt('/to'));
    expect(answer.body.errors[0].detail).toContain(`cyd → ann → ben → cyd, from ${on(5)} on`);
    expect((await create({ to: 'ann', startsAt: on(1), endsAt: on(5) }, cyd)).status).toBe(201);
    expect((await create({ to: 'ann', startsAt: on(10), endsAt: on(20) }, cyd)).status).toBe(201);
  });

  it('lets only one of two through that close a circle together', async () => {
    const on = nextYear();
    const period = { startsAt: on(0), endsAt: on(9) };
    const answers = await Promise.all([create({ to: 'ben', ...period }), create({ to: 'ann', ...period }, ben)]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201, 422]));
    expect(answers.map(faultsOf)).toContainEqual(refusedAt('/to'));
  });
});

describe('DELETE /hitl/delegations/{id}', () => {
  it('ends it for whoever gave it or manages members, and may be done twice', async () => {
    const on = nextYear();
    const own = (await create({ to: 'ben', startsAt: on(0), endsAt: on(1) })).body.id;
    expect((await revoke(own, ben)).body.code).toBe('not-permitted');
    expect((await revoke(own, ann)).status).toBe(204);
    expect((await revoke(own, admin)).status).toBe(204);
    expect((await create({ to: 'ann', startsAt: on(0), endsAt: on(1) }, ben)).status).toBe(201);
  });

  it('does not find one of another organisation', async () => {
    const on = nextYear();
    const { id } = (await create({ to: 'ben', startsAt: on(0), endsAt: on(1) })).body;
    const { key } = await test.newKey({ orgId: await test.newOrganization() });
    expect((await revoke(id, key)).status).toBe(404);
    expect((await revoke('dlg_none', admin)).status).toBe(404);
  });
});

it('GET /hitl/delegations lists all of them page by page, newest first, revoked ones too', async () => {
  const list = async (query: string): Promise<Answer> => test.call('GET', `${DELEGATIONS}?${query}`, { key: ann });
  const all = (await list('limit=200')).body.data as { id: string; revokedAt: string | null }[];
  expect(all.map(({ id }) => id)).toEqual(
    all
      .map(({ id }) => id)
      .toSorted()
      .toReversed(),
  );
  expect(all.some(({ revokedAt }) => revokedAt !== null)).toBe(true);
  const first = await list('limit=3');
  const rest = await list(`limit=200&cursor=${first.body.nextCursor}`);
  expect([...first.body.data, ...rest.body.data]).toEqual(all);
  expect(rest.body.nextCursor).toBeNull();
});
