import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import { createAuditClient } from '../../cli/export/audit-client.ts';
import { openExportDirectory } from '../../cli/export/export-directory.ts';
import { exportLedger } from '../../cli/export/export-ledger.ts';
import { nodePrimitives } from '../../cli/verify/node-primitives.ts';
import { openDirectory } from '../../cli/verify/directory-source.ts';
import { bytesOfHex } from '../../core/encoding/hex.ts';
import { openCheckpoint } from '../../core/ledger/checkpoint.ts';
import type { Hash } from '../../core/ledger/merkle.ts';
import { parseVkey } from '../../core/ledger/note.ts';
import { verifyInclusion } from '../../core/ledger/proofs.ts';
import { verifyExport } from '../../core/ledger/verify/verify-export.ts';
import type { Sql } from '../../db/client.ts';
import { findLedgerCheck } from '../../db/queries/ledger-checks.ts';
import type { Alert } from '../../schemas/alert.ts';
import type { AuditEntry, EntryProof, LedgerCheck, LogKey } from '../../schemas/audit.ts';
import { openTestPool } from '../support/database.ts';
import { startTestProduct, type TestProduct } from '../support/product.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const AUDIT = '/api/v1/audit';
const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

let product: TestProduct;
let admin: Sql;
let home: string;

beforeAll(async () => {
  product = await startTestProduct({ roles: ['api', 'decision', 'hitl', 'maintenance', 'signer'] });
  admin = openTestPool({ url: product.adminUrl, maxConnections: 1 });
  home = await mkdtemp(join(tmpdir(), 'mastguard-audit-'));
});
afterAll(async () => {
  await rm(home, { recursive: true });
  await admin.end({ timeout: 1 });
  await product.stop();
});

/** As an attacker with the whole server would: past triggers. */
const tamper = (statement: string, orgId: string): Promise<unknown> =>
  admin.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    const { count } = await tx.unsafe(statement.replaceAll('$org', `'${orgId}'`));
    if (count === 0) throw new Error(`nothing was tampered with: ${statement}`);
  });

const finished = (id: string, key = product.apiKey): Promise<LedgerCheck> =>
  until(async () => {
    const { body } = await product.call<LedgerCheck>('GET', `${AUDIT}/verifications/${id}`, { key });
    return body.status !== 'running' && body;
  });
const alertsOf = async (key: string): Promise<Alert[]> => (await product.call<{ data: Alert[] }>('GET', '/api/v1/alerts', { key })).body.data;

test('what an agent was answered is proved offline, as soon as it is signed', async () => {
  const decision = await product.decide({
    id: 'proved',
    agentId: 'a',
    action: 'read_record',
    principal: { org: 'acme' },
    resource: { type: 'record', id: '1', ownerOrg: 'globex' },
  });
  expect(decision.value).toBe('BLOCK');
  const proof = await until(async () => {
    const { status, body, headers } = await product.call<EntryProof>('GET', `${AUDIT}/proof/proved`);
    if (status === 409) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    return status === 200 && body;
  });
  const { data: keys } = (await product.call<{ data: LogKey[] }>('GET', `${AUDIT}/keys`)).body;
  const vkeys = keys.flatMap(({ vkey }) => parseVkey(vkey, sha256) ?? []);
  const signed = openCheckpoint(proof.checkpoint.note, vkeys, nodePrimitives.verify);
  if ('problem' in signed) throw new Error(signed.problem);
  expect(proof.entry).toMatchObject({ seq: decision.receipt.seq, entryHash: decision.receipt.entryHash });
  const leaf = sha256(Buffer.concat([Buffer.of(0), Buffer.from(proof.text)]));
  const path = proof.inclusion.map((hash) => bytesOfHex(hash) as Hash);
  expect(verifyInclusion({ index: proof.entry.seq, size: signed.size, leaf, proof: path, root: signed.root, sha256 })).toBe(true);
  expect(JSON.parse(proof.body ?? '')).toMatchObject({ decision: { value: 'BLOCK', eventId: 'proved' } });
  const { body } = await product.call<{ data: AuditEntry[] }>('GET', `${AUDIT}/entries?eventId=proved`);
  expect(body.data.map(({ kind }) => kind)).toEqual([4, 1]);
});

test('the ledger of a working product is exported and verifies with both verifiers', async () => {
  const directory = join(home, 'ledger');
  const appending = (async () => {
    for (let at = 0; at < 20; at += 1) await product.decide({ id: `during-${at}`, agentId: 'a', action: 'look_up' });
  })();
  const client = createAuditClient({ apiUrl: product.apiUrl, apiKey: product.apiKey });
  const { size } = await exportLedger({ client, directory: await openExportDirectory(directory) });
  await appending;
  const source = await openDirectory({ directory });
  const result = await verifyExport({ source, primitives: nodePrimitives });
  await source.close();
  expect(result).toMatchObject({ org: product.orgId, entries: size, bodies: size, missingBodies: 0, findings: [] });
  const { stdout } = await run('python3', [join(import.meta.dirname, '../../verify/verify.py'), directory, '--json']);
  expect(JSON.parse(stdout)).toEqual(result);
});

test('a check that somebody asks for tells how far it is, what it found, and that it was done', async () => {
  const started = await product.call<LedgerCheck>('POST', `${AUDIT}/verify`);
  expect(started.status).toBe(202);
  expect(started.headers.get('location')).toBe(`${AUDIT}/verifications/${started.body.id}`);
  const check = await finished(started.body.id);
  expect(check).toMatchObject({ status: 'finished', percent: 100, findings: [], missingBodies: 0, requestedBy: expect.stringMatching(/^key:/) });
  expect(check.done).toBe(check.total);
  const { body } = await product.call<{ data: AuditEntry[] }>('GET', `${AUDIT}/entries?type=ledger.checked`);
  expect(JSON.parse(body.data[0]?.body ?? '')).toMatchObject({ target: check.id, details: { size: check.size, findings: {} } });
  const list = await product.call<{ data: LedgerCheck[] }>('GET', `${AUDIT}/verifications`);
  expect(list.body.data.map(({ id }) => id)).toContain(check.id);
  expect((await product.call<LedgerCheck>('POST', `${AUDIT}/verifications/${check.id}/cancel`)).body).toEqual(check);
});

test('the daily check finds what was tampered with, exactly, in one organisation and tells nobody else', async () => {
  const victim = await product.addOrganization();
  await product.decide({ id: 'tampered', agentId: 'a', action: 'look_up' }, { key: victim.apiKey });
  await until(async () => (await product.call('GET', `${AUDIT}/proof/tampered`, { key: victim.apiKey })).status === 200);
  await tamper('update agent_events set body = replace(body, \'"ALLOW"\', \'"BLOCK"\') where org_id = $org', victim.orgId);
  const [tampered] = await admin<{ seq: number }[]>`select seq from agent_events where org_id = ${victim.orgId}`;
  const seq = tampered?.seq;

  const schedule = product.temporal.schedule.getHandle('verify-ledgers');
  const daily = async (): Promise<LedgerCheck> => {
    const before = (await product.call<{ data: LedgerCheck[] }>('GET', `${AUDIT}/verifications`, { key: victim.apiKey })).body.data.length;
    // Its last run may not have ended yet: then one behind it.
    await schedule.trigger(ScheduleOverlapPolicy.BUFFER_ONE);
    return until(async () => {
      const { data } = (await product.call<{ data: LedgerCheck[] }>('GET', `${AUDIT}/verifications`, { key: victim.apiKey })).body;
      return data.length > before && data[0]?.status === 'finished' && data[0];
    });
  };
  const check = await daily();
  expect(check).toMatchObject({ requestedBy: 'system', findings: [{ code: 'BODY_MISMATCH', ref: `entry:${seq}`, count: 1 }] });
  const [alert, ...more] = await alertsOf(victim.apiKey);
  expect(more).toEqual([]);
  expect(alert).toMatchObject({
    cause: 'ledger',
    eventId: null,
    riskScore: 100,
    reasons: [`BODY_MISMATCH at entry:${seq}: the recorded body was changed`],
  });
  expect((await alertsOf(product.apiKey)).filter(({ cause }) => cause === 'ledger')).toEqual([]);

  // Handled, and found again the next day: nobody is told a second time.
  const owner = await victim.keyOf('Owner');
  const handled = (verb: string) => product.call('POST', `/api/v1/alerts/${alert?.id}/${verb}`, { key: owner, body: {} });
  expect((await handled('escalate')).status).toBe(409);
  expect((await handled('acknowledge')).status).toBe(200);
  expect((await daily()).findings).toEqual(check.findings);
  expect(await alertsOf(victim.apiKey)).toEqual([]);
  expect(await findLedgerCheck(product.sql, { orgId: product.orgId, checkId: check.id })).toBeUndefined();
});
