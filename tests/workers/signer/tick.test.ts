import type { Sql } from '../../../db/client.ts';
import { newestCheckpoint } from '../../../db/queries/checkpoints.ts';
import { appendRecords } from '../../../db/queries/ledger.ts';
import { settleDecisions } from '../../../db/queries/settle.ts';
import { holdSignerLock, releaseSignerLock } from '../../../db/queries/signing.ts';
import { asTenant } from '../../../db/tenant.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../../support/database.ts';
import { createLedgerClock, DAY_MS } from '../../support/ledger-clock.ts';
import { addOrganization, auditRecord, settleItem } from '../../support/ledger-records.ts';
import { checkDeploymentHistory, checkHistory } from '../../support/signed-history.ts';
import { openTurns, removeStateDirectories, SIGNER_HOST, type SignerTurns, type TurnOptions } from '../../support/signer-turns.ts';

const HOUR_MS = 3_600_000;

describe('the signer, turn by turn', () => {
  let database: TestDatabase;
  let app: Sql;
  let org: string;
  let turns: SignerTurns | undefined;

  beforeEach(async () => {
    database = await createTestDatabase();
    app = database.appSql;
    org = await addOrganization(app);
  });

  afterEach(async () => {
    await turns?.close();
    turns = undefined;
    await database.drop();
  });

  afterAll(removeStateDirectories);

  const open = async (options?: TurnOptions): Promise<SignerTurns> => (turns = await openTurns(database.adminUrl, options));
  const append = (count: number, prefix = 'n', to = org) =>
    appendRecords(
      app,
      Array.from({ length: count }, (_, at) => auditRecord(to, `${prefix}-${at}`)),
    );
  const createdAtMs = async (): Promise<number> => {
    const [row] = await asTenant(app, org, (tx) => tx<{ at: Date }[]>`select at from ledger_entry where org_id = ${org} and seq = 0`);
    return row?.at.getTime() ?? 0;
  };
  const notes = (type: string, of = org) =>
    asTenant(app, of, (tx) => tx<{ body: string; at: Date }[]>`select body, at from audit_records where org_id = ${of} and type = ${type} order by seq`);

  test('an entry is left alone until it is eight seconds old, and signed then', async () => {
    const { tick, later } = await open({ limits: {}, atMs: await createdAtMs() });
    expect(await tick()).toMatchObject({ signed: 0 });
    later(7_999);
    expect(await tick()).toMatchObject({ signed: 0 });
    later(1);
    expect(await tick()).toMatchObject({ signed: 1, more: false });
    const { checkpoints, entries } = await checkHistory(app, org);
    expect(checkpoints).toMatchObject([{ number: 1, size: entries }]);
  });

  test('1,024 unsigned entries do not wait for their age', async () => {
    const { tick } = await open({ limits: {}, atMs: await createdAtMs() });
    await append(1_022);
    expect(await tick()).toMatchObject({ signed: 0 });
    await append(1, 'one-more');
    expect(await tick()).toMatchObject({ signed: 1 });
    await checkHistory(app, org);
  });

  test('a database whose clock is ahead delays a checkpoint no longer than eight seconds', async () => {
    const { tick, later } = await open({ limits: {}, atMs: (await createdAtMs()) - HOUR_MS });
    expect(await tick()).toMatchObject({ signed: 0 });
    later(7_999);
    expect(await tick()).toMatchObject({ signed: 0 });
    later(1);
    expect(await tick()).toMatchObject({ signed: 1 });
  });

  test('growing ledgers are signed from what is new, and every checkpoint begins with the one before', async () => {
    const { tick } = await open();
    for (const count of [1, 254, 1, 3, 700, 256]) {
      await append(count, `round-${count}-${Math.random()}`);
      expect(await tick()).toMatchObject({ signed: 1 });
    }
    expect(await tick()).toMatchObject({ signed: 0, lagSeconds: 0 });
    const { checkpoints, entries } = await checkHistory(app, org);
    expect(checkpoints).toHaveLength(6);
    expect(checkpoints.at(-1)?.size).toBe(entries);
    const tiles = await asTenant(
      app,
      org,
      (tx) => tx<{ level: number; idx: number }[]>`select level, idx from ledger_tile where org_id = ${org} order by level, idx`,
    );
    expect(tiles.map(({ level, idx }) => [level, idx])).toEqual(Array.from({ length: Math.floor(entries / 256) }, (_, idx) => [0, idx]));
  });

  test('receipts of later events name the size of the checkpoint', async () => {
    const { tick } = await open();
    await tick();
    const newest = await newestCheckpoint(app, org);
    const [receipt] = await settleDecisions(app, [settleItem(org, 'e1')]);
    expect(receipt).toMatchObject({ checkpointSize: newest?.size });
    expect(newest?.size).toBeGreaterThan(0);
  });

  test('many organisations are signed together, within the bounds of a turn, and none is passed over', async () => {
    const others = await Promise.all(Array.from({ length: 11 }, () => addOrganization(app)));
    const { tick } = await open({ limits: { dueAgeMs: 0, orgsPerTick: 5 } });
    const reports = [await tick(), await tick(), await tick(), await tick()];
    expect(reports.map(({ signed, more }) => [signed, more])).toEqual([
      [5, true],
      [5, true],
      [2, false],
      [0, false],
    ]);
    for (const each of [org, ...others]) expect((await checkHistory(app, each)).checkpoints).toHaveLength(1);
    const admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
    expect(await checkDeploymentHistory(admin)).toBe(3);
    await admin.end();
  });

  test('a ledger that has grown long unsigned is signed in slices', async () => {
    await append(2_500);
    const { tick } = await open({ limits: { dueAgeMs: 0, entriesPerTick: 1_000, pageSize: 300 } });
    const reports = [];
    do reports.push(await tick());
    while (reports.at(-1)?.more === true);
    expect(reports.map(({ signed }) => signed)).toEqual([1, 1, 1]);
    const { checkpoints, entries } = await checkHistory(app, org);
    expect(checkpoints.at(-1)?.size).toBe(entries);
  });

  test('a ledger that rests is signed again every hour: same size, same root, later time', async () => {
    const { tick, later } = await open({ limits: { dueAgeMs: 0 }, atMs: await createdAtMs() });
    await tick();
    later(HOUR_MS - 1_000);
    expect(await tick()).toMatchObject({ signed: 0 });
    // What is signed is the second after the newest entry, which a busy machine has made some time after the first one.
    later(67_000);
    expect(await tick()).toMatchObject({ signed: 1 });
    const { checkpoints } = await checkHistory(app, org);
    expect(checkpoints[1]).toMatchObject({ size: checkpoints[0]?.size, root: checkpoints[0]?.root });
    expect((checkpoints[1]?.atMs ?? 0) - (checkpoints[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(HOUR_MS - 1_000);
  });

  test('the first checkpoint of a ledger covers the entries that name its keys', async () => {
    const { tick, signatory } = await open();
    await tick();
    const told = (await notes('signing-key.announced')).map(({ body }) => (JSON.parse(body) as { details: { use: string; vkey: string } }).details);
    expect(told.map(({ use }) => use).toSorted()).toEqual(['deployment', 'log', 'time']);
    expect(told.find(({ use }) => use === 'log')?.vkey).toMatch(new RegExp(`^${SIGNER_HOST}/mg/org/${org}\\+`));
    expect(await newestCheckpoint(app, org)).toMatchObject({ size: 4 });
    expect(signatory.host).toBe(SIGNER_HOST);
    await append(1);
    await tick();
    expect(await notes('signing-key.announced')).toHaveLength(3);
  });

  test('a silence of more than two hours is explained by an entry that lies between the two checkpoints', async () => {
    const first = await open();
    await first.tick();
    await first.close();
    const admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
    await (await createLedgerClock(admin)).advance(1);
    await admin.end();
    const { tick } = await open({ directory: first.directory, aheadMs: DAY_MS });
    await tick();
    const [resumed] = await notes('signer.resumed');
    const { checkpoints } = await checkHistory(app, org);
    const { details } = JSON.parse(resumed?.body ?? '{}') as { details: { silentSince: number; number: number } };
    expect(details).toEqual({ silentSince: checkpoints[0]?.storedAt.getTime(), number: 1 });
    expect(resumed?.at.getTime()).toBeLessThanOrEqual(checkpoints[1]?.atMs ?? 0);
    expect(resumed?.at.getTime()).toBeGreaterThanOrEqual(checkpoints[0]?.atMs ?? 0);
    expect(await tick()).toMatchObject({ signed: 0 });
  });

  test('an interruption of less than two hours needs no explanation', async () => {
    const first = await open();
    await first.tick();
    await first.close();
    const { tick } = await open({ directory: first.directory, aheadMs: 1.9 * HOUR_MS });
    expect(await tick()).toMatchObject({ signed: 1 });
    expect(await notes('signer.resumed')).toEqual([]);
  });

  test('no checkpoint is dated before an entry it covers, or before the checkpoint before it, although a clock goes back', async () => {
    const { tick, later } = await open();
    await tick();
    later(-30_000);
    await append(1);
    await tick();
    const { checkpoints } = await checkHistory(app, org);
    const [last] = await asTenant(app, org, (tx) => tx<{ at: Date }[]>`select at from ledger_entry where org_id = ${org} order by seq desc limit 1`);
    expect(checkpoints).toHaveLength(2);
    expect(checkpoints[0]?.atMs).toBeGreaterThanOrEqual((last?.at.getTime() ?? 0) - 60_000);
  });

  test('the lag is the age of the oldest entry without a checkpoint', async () => {
    const { tick } = await open({ limits: { dueAgeMs: 1_000_000 }, atMs: (await createdAtMs()) + 90_000 });
    expect(await tick()).toMatchObject({ signed: 0, lagSeconds: 90 });
  });

  test('a second signer of the same database waits, and takes over when the first has ended', async () => {
    const first = await openTurns(database.adminUrl);
    await first.tick();
    const second = openTestPool({ url: database.adminUrl, role: 'mg_signer', maxConnections: 1 });
    expect(await holdSignerLock(second)).toBe('other');
    await first.close();
    let state = await holdSignerLock(second);
    while (state === 'other') state = await holdSignerLock(second);
    expect(state).toBe('taken');
    const waiting = await open({ directory: first.directory });
    await append(1);
    expect(await waiting.tick()).toMatchObject({ waits: true, signed: 0 });
    await releaseSignerLock(second);
    await second.end();
    expect(await waiting.tick()).toMatchObject({ waits: false, signed: 1 });
  });

  test('a second process on the same state directory is told who has it', async () => {
    const { directory } = await open();
    await expect(openTurns(database.adminUrl, { directory })).rejects.toThrow(`process ${process.pid} signs with ${directory} already`);
  });

  test('a state directory of other keys does not sign for a database that names its own', async () => {
    const first = await open();
    await first.tick();
    await first.close();
    turns = undefined;
    await expect(openTurns(database.adminUrl)).rejects.toMatchObject({ code: 'keys-lost' });
  });

  test('logs keep their name: another host is refused', async () => {
    const first = await open();
    await first.close();
    turns = undefined;
    await expect(openTurns(database.adminUrl, { directory: first.directory, host: 'other.example.com' })).rejects.toMatchObject({ code: 'other-host' });
  });
});
