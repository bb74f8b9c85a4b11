import { randomUUID } from 'node:crypto';
import { readRetention } from '../../../db/queries/retention.ts';
import { changePlanOf } from '../../../workers/change-plan.ts';
import { DAY_MS } from '../../support/ledger-clock.ts';
import { addOrganization } from '../../support/ledger-records.ts';
import { openRetentionStage, readLedger, type RetentionStage, standing, unexplained } from '../../support/purged-ledger.ts';

let stage: RetentionStage;
beforeEach(async () => {
  stage = await openRetentionStage();
});
afterEach(() => stage.stop());

const change = (org: string, plan: 'free' | 'pro' | 'enterprise') => changePlanOf(stage.sql, { org, plan });
const records = async (org: string) =>
  (
    await stage.admin<{ seq: number; body: string }[]>`select seq, body from audit_records where org_id = ${org} and type ~ '^(plan|retention)' order by seq`
  ).map(({ seq, body }) => ({ seq, ...(JSON.parse(body) as { type: string; details: Record<string, unknown> }) }));
const typesOf = async (org: string) => (await records(org)).map(({ type }) => type);
const purged = async (org: string): Promise<number[]> => {
  await stage.purge();
  expect(await unexplained(stage.admin, org)).toEqual([]);
  const state = await readLedger(stage.admin, org);
  return standing(state).filter((seq) => seq < 4);
};

/** Four entries on a plan, then the plan that follows. */
async function recordedOn(plan: 'free' | 'pro' | 'enterprise'): Promise<string> {
  const org = await addOrganization(stage.sql, { retentionDays: { free: 7, pro: 90, enterprise: 2555 }[plan] as 7 | 90 | 2555 });
  await stage.admin`update organization set plan = ${plan} where org_id = ${org}`;
  await stage.append(org, 3);
  return org;
}

describe('a longer retention', () => {
  test('reaches back to what stands, and is on record with the number that divides old from new', async () => {
    const org = await recordedOn('free');
    await stage.pass(5);
    expect(await change(org, 'pro')).toEqual({
      status: 'changed',
      orgId: org,
      plan: 'pro',
      retentionDays: 90,
      extensions: [{ beforeSeq: 4, days: 90 }],
      reduction: null,
    });
    expect(await records(org)).toMatchObject([
      { seq: 4, type: 'plan.changed', details: { plan: 'pro', retentionDays: 90, eventQuota: null } },
      { seq: 5, type: 'retention.extended', details: { beforeSeq: 4, days: 90 } },
    ]);
    await stage.pass(84);
    expect(await purged(org)).toEqual([0, 1, 2, 3]);
    await stage.pass(1);
    expect(await purged(org)).toEqual([]);
    expect((await readLedger(stage.admin, org)).statement).toMatchObject({ extended: [{ beforeSeq: 4, days: 90 }] });
  });

  test('brings nothing back, and what is gone stays explained', async () => {
    const org = await recordedOn('free');
    await stage.pass(8);
    expect(await purged(org)).toEqual([]);
    await change(org, 'enterprise');
    await stage.append(org, 3);
    await stage.pass(200);
    // Nothing is due, so nothing is recorded: the account of the first purge is the newest one.
    expect(await purged(org)).toEqual([]);
    await stage.admin`update organization set retention_days = 7 where org_id = ${org}`;
    await stage.append(org, 1);
    await stage.pass(8);
    expect(await purged(org)).toEqual([]);
    const { statement } = await readLedger(stage.admin, org);
    expect(statement?.extended).toEqual([{ beforeSeq: 5, days: 2555 }]);
    expect(statement?.earlier).toMatchObject([{ upTo: 4, extended: [], reduced: null, held: [] }]);
  });

  test('takes effect for new entries at once, together with the quota, and decisions see it', async () => {
    const org = await recordedOn('pro');
    const [before] = await stage.admin<{ version: number }[]>`select config_version as version from organization where org_id = ${org}`;
    await change(org, 'free');
    await stage.append(org, 1);
    expect((await readLedger(stage.admin, org)).entries.at(-1)?.retainDays).toBe(7);
    expect(await stage.admin`select plan, retention_days, event_quota, config_version from organization where org_id = ${org}`).toEqual([
      { plan: 'free', retention_days: 7, event_quota: 50_000, config_version: (before?.version ?? 0) + 1 },
    ]);
  });

  test('twice keeps the longest', async () => {
    const org = await recordedOn('free');
    await change(org, 'pro');
    await stage.append(org, 2);
    await change(org, 'enterprise');
    expect((await readRetention(stage.sql, org))?.extensions).toEqual([{ beforeSeq: 8, days: 2555 }]);
  });
});

describe('a shorter retention', () => {
  test('leaves what stands for 30 days after its notice, then takes what is older than its days', async () => {
    const org = await recordedOn('pro');
    await stage.pass(10);
    const noticeAt = await stage.clock.now();
    const changed = await change(org, 'free');
    expect(changed?.reduction).toMatchObject({ beforeSeq: 4, days: 7, goes: { agentEvents: 0, hitlDecisions: 0, auditRecords: 4, policyViolations: 0 } });
    const { effectiveAt = 0, noticeAt: toldAt = 0 } = changed?.reduction ?? {};
    expect(toldAt).toBeGreaterThanOrEqual(noticeAt);
    expect(effectiveAt - toldAt).toBe(30 * DAY_MS);
    expect(await records(org)).toMatchObject([
      { type: 'plan.changed' },
      { seq: 5, type: 'retention.reduced', details: { beforeSeq: 4, days: 7, noticeAt: toldAt, effectiveAt } },
    ]);
    await stage.pass(29);
    expect(await purged(org)).toEqual([0, 1, 2, 3]);
    await stage.pass(1);
    expect(await purged(org)).toEqual([]);
    expect((await readLedger(stage.admin, org)).statement?.reduced).toEqual({ beforeSeq: 4, days: 7, noticeAt: toldAt, effectiveAt });
  });

  test('is told at the time that its record has, also where the clock was put back', async () => {
    const org = await recordedOn('pro');
    await stage.clock.advance(-1);
    const { noticeAt, effectiveAt } = (await change(org, 'free'))?.reduction ?? {};
    const { entries } = await readLedger(stage.admin, org);
    expect(entries.at(-1)).toMatchObject({ seq: 5, atMs: noticeAt });
    expect(effectiveAt).toBe((noticeAt ?? 0) + 30 * DAY_MS);
  });

  test('does not wait for its day where the body is due anyway', async () => {
    const org = await recordedOn('pro');
    await stage.pass(80);
    await change(org, 'free');
    expect((await readRetention(stage.sql, org))?.reduction?.goes.auditRecords).toBe(0);
    await stage.pass(10);
    expect(await purged(org)).toEqual([]);
  });

  test('is cancelled by a plan that keeps as long as before, and the entries are kept again', async () => {
    const org = await recordedOn('pro');
    await change(org, 'free');
    await stage.pass(20);
    expect((await change(org, 'pro'))?.reduction).toBeNull();
    expect(await typesOf(org)).toEqual(['plan.changed', 'retention.reduced', 'plan.changed', 'retention.extended', 'retention.reduction-cancelled']);
    expect((await records(org)).at(-1)?.details).toMatchObject({ beforeSeq: 4 });
    await stage.pass(60);
    expect(await purged(org)).toEqual([0, 1, 2, 3]);
    await stage.pass(10);
    expect(await purged(org)).toEqual([]);
  });

  test('is only softened by a plan that keeps less than before, under the notice that was given', async () => {
    const org = await recordedOn('enterprise');
    const { reduction: first } = (await change(org, 'free')) ?? {};
    await stage.pass(20);
    const { reduction, extensions } = (await change(org, 'pro')) ?? {};
    expect(reduction).toMatchObject({ beforeSeq: 4, days: 90, noticeAt: first?.noticeAt, effectiveAt: first?.effectiveAt });
    expect(extensions).toEqual([{ beforeSeq: 6, days: 90 }]);
    await stage.pass(69);
    expect(await purged(org)).toEqual([0, 1, 2, 3]);
    await stage.pass(1);
    expect(await purged(org)).toEqual([]);
  });

  test('that has taken effect is undone for what still stands, and what it took stays explained', async () => {
    const org = await recordedOn('pro');
    await stage.append(org, 1);
    await change(org, 'free');
    await stage.pass(31);
    expect(await purged(org)).toEqual([]);
    const state = await readLedger(stage.admin, org);
    const left = standing(state);
    await change(org, 'pro');
    await stage.pass(60);
    await stage.purge();
    expect(standing(await readLedger(stage.admin, org))).toEqual(expect.arrayContaining(left));
    await stage.pass(100);
    await stage.purge();
    expect(await unexplained(stage.admin, org)).toEqual([]);
    const { statement } = await readLedger(stage.admin, org);
    expect(statement).toMatchObject({ reduced: null, earlier: [{ reduced: { days: 7 } }] });
  });

  test('after a shorter one still starts its own 30 days', async () => {
    const org = await recordedOn('enterprise');
    await change(org, 'pro');
    await stage.pass(20);
    const { reduction } = (await change(org, 'free')) ?? {};
    expect(reduction).toMatchObject({ beforeSeq: 6, days: 7 });
    await stage.pass(29);
    expect(await purged(org)).toEqual([0, 1, 2, 3]);
    await stage.pass(1);
    expect(await purged(org)).toEqual([]);
    expect((await readRetention(stage.sql, org))?.extensions).toEqual([]);
  });
});

test('the same plan again changes nothing and is not recorded', async () => {
  const org = await recordedOn('pro');
  expect(await change(org, 'pro')).toMatchObject({ status: 'unchanged', retentionDays: 90 });
  expect(await records(org)).toEqual([]);
});

test('an organisation that does not exist has no plan', async () => {
  expect(await change(randomUUID(), 'pro')).toBeUndefined();
});

test('plans that change at the same time follow one another', async () => {
  const org = await recordedOn('free');
  await Promise.all([change(org, 'pro'), change(org, 'enterprise'), change(org, 'pro'), stage.append(org, 20)]);
  const rows = await stage.admin`select no, superseded_at is null as "inForce" from retention_change where org_id = ${org} order by no`;
  expect(rows.map((row) => row['no'] as number)).toEqual(rows.map((_, index) => index + 1));
  // Whatever the order was: entries that were written for a week are kept as long as any later plan says.
  const { extensions, retentionDays } = (await readRetention(stage.sql, org)) ?? {};
  for (const { seq, retainDays } of (await readLedger(stage.admin, org)).entries) {
    const days = Math.max(retainDays, ...(extensions ?? []).filter(({ beforeSeq }) => seq < beforeSeq).map((extension) => extension.days));
    expect(days).toBeGreaterThanOrEqual(Math.min(retentionDays ?? 0, 90));
  }
});
