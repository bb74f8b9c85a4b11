import { randomUUID } from 'node:crypto';
import { auditEntry } from '../../../api/audit.ts';
import { canonicalize } from '../../../core/json/canonical.ts';
import { exportPages, type LinesQuery, openExport } from '../../../db/ledger-export.ts';
import { placeHold, releaseHold } from '../../../db/queries/holds.ts';
import { appendRecords, LEDGER_KIND } from '../../../db/queries/ledger.ts';
import { makeLedgerPartitions } from '../../../db/queries/partitions.ts';
import { verifyLedger } from '../../../db/verify-ledger.ts';
import type { Json } from '../../../schemas/json.ts';
import { changePlanOf } from '../../../workers/change-plan.ts';
import { DAY_MS } from '../../support/ledger-clock.ts';
import { addOrganization } from '../../support/ledger-records.ts';
import { openRetentionStage, readLedger, type RetentionStage } from '../../support/purged-ledger.ts';
import { describeVerifiers, expectBoth } from '../../support/run-verifiers.ts';
import { startTestSigner, type TestSigner } from '../../support/signed-ledgers.ts';

let stage: RetentionStage;
let signer: TestSigner;
beforeEach(async () => {
  stage = await openRetentionStage();
  signer = await startTestSigner(stage.database.adminUrl);
});
afterEach(async () => {
  await signer.stop();
  await stage.stop();
});

/** Days pass for the ledger and for the signer. */
async function pass(days: number): Promise<void> {
  await signer.sign();
  await stage.clock.advance(days);
  signer.later(days * DAY_MS);
  await makeLedgerPartitions(stage.sql, { aheadDays: 8 });
  await signer.sign();
}

async function exported(orgId: string): Promise<Map<string, string>> {
  const ledger = await openExport(stage.sql, { orgId, host: 'ledger.example.com' });
  if (ledger === undefined) throw new Error('no ledger');
  const { snapshot, header, keys, deployment } = ledger;
  const files = new Map([
    ['export.json', JSON.stringify(header)],
    ['keys.json', JSON.stringify(keys)],
    ['deployment.json', JSON.stringify(deployment)],
  ]);
  for (const file of ['entries.ndjson', 'bodies.ndjson', 'checkpoints.ndjson', 'tiles.ndjson'] satisfies LinesQuery['file'][]) {
    let text = '';
    for await (const lines of exportPages(stage.sql, { orgId, file, snapshot })) for (const line of lines) text += `${line}\n`;
    files.set(file, text);
  }
  return files;
}

/** What verifies is the product's own check, the command and the Python script. */
async function expectVerified(orgId: string): Promise<void> {
  expect((await verifyLedger(stage.sql, orgId)).findings).toEqual([]);
  await expectBoth(await exported(orgId), []);
}

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

const audit = (type: string, target: string, details: { [name: string]: Json } = {}) =>
  auditEntry({ type, actor: 'system', target, requestId: 'req_1', details });

/** On record as the API has it. */
async function hold(orgId: string, holdId: string, fromMs: number | null, untilMs: number | null): Promise<void> {
  const range = { from: iso(fromMs), until: iso(untilMs) };
  await placeHold(stage.sql, { orgId, holdId, reason: 'x', ...range, placedBy: 'system', audit: audit('hold.placed', holdId, { reason: 'x', ...range }) });
}

const release = (orgId: string, holdId: string): Promise<boolean> =>
  releaseHold(stage.sql, { orgId, holdId, releasedBy: 'system', audit: audit('hold.released', holdId) });

/** A purge entry that the purge would not append: the newest one with changes, by somebody who holds the database. */
async function stateFalsely(orgId: string, changes: { [name: string]: Json }): Promise<void> {
  const [newest] = await stage.admin<{ body: string }[]>`
    select body from audit_records where org_id = ${orgId} and type = 'ledger.purged' order by seq desc limit 1`;
  const record = JSON.parse(newest?.body ?? '') as { details: { [name: string]: Json } };
  const fields = { type: 'ledger.purged', actor: 'system', target: null };
  const body = canonicalize({ ...record, details: { ...record.details, ...changes } });
  await appendRecords(stage.sql, [{ org: orgId, kind: LEDGER_KIND.auditRecord, id: randomUUID(), body, fields }]);
  const [head] = await stage.admin<{ seq: number; at: Date }[]>`select next_seq - 1 as seq, last_at as at from ledger_head where org_id = ${orgId}`;
  await stage.admin`update ledger_prune set entry_seq = ${head?.seq ?? 0}, purged_at = ${head?.at ?? new Date()} where org_id = ${orgId}`;
}

describeVerifiers('a ledger that is purged over its whole life verifies after each step', () => {
  test('through plans, holds and a spine that is pruned', async () => {
    const org = await addOrganization(stage.sql, { retentionDays: 7 });
    await stage.admin`update organization set plan = 'free' where org_id = ${org}`;
    const step = async (days: number): Promise<void> => {
      await pass(days);
      expect(await stage.purge()).toMatchObject({ failed: 0, unsigned: 0 });
      await signer.sign();
      await expectVerified(org);
    };
    await stage.append(org, 300);
    await step(8);
    await stage.append(org, 20);
    await hold(org, 'hld_1', null, null);
    await step(8);
    await release(org, 'hld_1');
    await step(1);
    await stage.append(org, 10);
    await changePlanOf(stage.sql, { org, plan: 'pro' });
    await step(10);
    await changePlanOf(stage.sql, { org, plan: 'free' });
    await stage.append(org, 10);
    await step(20);
    await step(11);
    await changePlanOf(stage.sql, { org, plan: 'enterprise' });
    await step(40);
    const { entries, statement } = await readLedger(stage.admin, org);
    expect(entries[0]?.seq).toBe(256);
    expect(statement?.minIndex).toBe(256);
  });

  test('through holds of its own times, whose rules are kept and given up one by one', async () => {
    const org = await addOrganization(stage.sql, { retentionDays: 7 });
    const twoDays = async (): Promise<void> => {
      await stage.append(org, 3);
      await pass(2);
      expect(await stage.purge()).toMatchObject({ failed: 0, unsigned: 0 });
      await signer.sign();
      await expectVerified(org);
    };
    const startMs = await stage.clock.now();
    for (let count = 0; count < 4; count += 1) await twoDays();
    await hold(org, 'hld_1', startMs + 2 * DAY_MS, startMs + 6 * DAY_MS);
    await hold(org, 'hld_2', startMs + 7 * DAY_MS, null);
    for (let count = 0; count < 4; count += 1) await twoDays();
    await release(org, 'hld_2');
    for (let count = 0; count < 4; count += 1) await twoDays();
    const { statement } = await readLedger(stage.admin, org);
    expect(statement?.held.map(({ id }) => id)).toEqual(['hld_1']);
    expect(statement?.earlier?.map(({ seq }) => typeof seq)).toEqual(expect.arrayContaining(['number']));
    await release(org, 'hld_1');
    for (let count = 0; count < 4; count += 1) await twoDays();
    expect((await readLedger(stage.admin, org)).statement).toMatchObject({ held: [], earlier: [] });
  });

  test('and a purge entry that says something else than the records before it is found', async () => {
    const org = await addOrganization(stage.sql, { retentionDays: 7 });
    await stage.append(org, 5);
    await pass(8);
    await stage.append(org, 5);
    const nowMs = await stage.clock.now();
    await hold(org, 'hld_1', nowMs, null);
    await pass(1);
    await stage.purge();
    await signer.sign();
    await expectVerified(org);
    const lie = async (changes: { [name: string]: Json }): Promise<void> => {
      await stateFalsely(org, changes);
      await signer.sign();
      const { findings } = await verifyLedger(stage.sql, org);
      expect(findings.map(({ code }) => code)).toEqual(['FALSE_STATEMENT']);
      await expectBoth(
        await exported(org),
        findings.map(({ code, ref, count }) => `${code} ${ref}${count === 1 ? '' : ` x${count}`}`),
      );
    };
    await lie({ held: [] });
    await lie({ held: [{ id: 'hld_1', from: nowMs, until: nowMs }] });
    const held = [{ id: 'hld_1', from: nowMs, until: null }];
    await lie({ held, reduced: { beforeSeq: 8, days: 0, noticeAt: 0, effectiveAt: 30 * DAY_MS } });
    await lie({ held, reduced: null, earlier: [{ seq: 7, at: nowMs, upTo: 8, extended: [], reduced: null, held: [] }] });
    await stateFalsely(org, { held, reduced: null, earlier: [] });
    await signer.sign();
    await expectVerified(org);
  });

  test('and what is taken without an entry, or before its time, is found', async () => {
    const org = await addOrganization(stage.sql, { retentionDays: 7 });
    await stage.append(org, 5);
    await pass(8);
    await stage.purge();
    await stage.append(org, 3);
    await pass(1);
    await stage.admin.begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      await tx`delete from audit_records where org_id = ${org} and seq = (select max(seq) from audit_records where org_id = ${org} and type = 'test.happened')`;
    });
    const { findings } = await verifyLedger(stage.sql, org);
    expect(findings.map(({ code }) => code)).toEqual(['UNEXPLAINED_MISSING']);
    await expectBoth(
      await exported(org),
      findings.map(({ code, ref }) => `${code} ${ref}`),
    );
  });
});
