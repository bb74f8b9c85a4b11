import { exportPages, type LinesQuery, openExport } from '../../../db/ledger-export.ts';
import { placeHold, releaseHold } from '../../../db/queries/holds.ts';
import { makeLedgerPartitions } from '../../../db/queries/partitions.ts';
import { verifyLedger } from '../../../db/verify-ledger.ts';
import { changePlanOf } from '../../../workers/change-plan.ts';
import { DAY_MS } from '../../support/ledger-clock.ts';
import { addOrganization, auditOf } from '../../support/ledger-records.ts';
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
    await placeHold(stage.sql, { orgId: org, holdId: 'hld_1', reason: 'x', from: null, until: null, placedBy: 'system', audit: auditOf('hold.placed') });
    await step(8);
    await releaseHold(stage.sql, { orgId: org, holdId: 'hld_1', releasedBy: 'system', audit: auditOf('hold.released') });
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
