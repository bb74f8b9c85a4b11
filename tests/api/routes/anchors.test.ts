import { recordAnchorOutcomes } from '../../../db/queries/anchors.ts';
import type { AnchorReceipt } from '../../../schemas/anchor.ts';
import { startApi, type TestApi } from '../../support/api.ts';
import { createSignedLog, type SignedCheckpoint, type SignedLog } from '../../support/signed-log.ts';

const ANCHORS = '/api/v1/audit/anchors';
let api: TestApi;
let log: SignedLog;
let checkpoints: { org: SignedCheckpoint; deployment: SignedCheckpoint };
beforeAll(async () => {
  api = await startApi();
  log = createSignedLog(api.database.adminUrl);
  checkpoints = await log.sign(api.orgId, 3);
  const sql = api.database.appSql;
  const shown = [1, 2, 3].map((number) => ({ orgId: api.orgId, number, receipt: `file ${number}` }));
  await recordAnchorOutcomes(sql, { anchor: 'bucket', driver: 'directory', outcomes: [...shown, { orgId: null, number: 1, problem: 'there is another one' }] });
  await recordAnchorOutcomes(sql, { anchor: 'clock', driver: 'tsa', outcomes: [{ orgId: null, number: 1, receipt: 'MIIB' }] });
});
afterAll(async () => {
  await log.close();
  await api.stop();
});

const list = async (query = '', key = api.ownerKey): Promise<AnchorReceipt[]> => (await api.call('GET', `${ANCHORS}${query}`, { key })).body.data;

test('receipts say where which checkpoint was shown, and have the checkpoint with them', async () => {
  const receipts = await list();
  expect(receipts).toHaveLength(5);
  expect(receipts.find(({ anchor }) => anchor === 'clock')).toEqual({
    anchor: 'clock',
    driver: 'tsa',
    of: 'deployment',
    origin: log.origin,
    number: 1,
    size: 3,
    status: 'anchored',
    receipt: 'MIIB',
    problem: null,
    note: checkpoints.deployment.note,
    anchoredAt: expect.stringMatching(/^\d{4}-.*Z$/),
  });
  expect(receipts.find(({ number }) => number === 3)).toMatchObject({ of: 'organization', origin: checkpoints.org.origin, note: checkpoints.org.note });
});

test('one that was refused says why and has no receipt', async () => {
  expect((await list()).filter(({ status }) => status === 'refused')).toMatchObject([
    { anchor: 'bucket', of: 'deployment', receipt: null, problem: 'there is another one' },
  ]);
});

test('they are chosen by anchor and by log', async () => {
  expect((await list('?anchor=clock')).map(({ anchor }) => anchor)).toEqual(['clock']);
  expect((await list('?of=organization')).map(({ number }) => number)).toEqual([3, 2, 1]);
  expect((await list('?of=deployment')).map(({ anchor }) => anchor).toSorted()).toEqual(['bucket', 'clock']);
  expect(await list('?of=organization&anchor=clock')).toEqual([]);
});

test('page by page they are the same', async () => {
  const all = await list();
  const paged: AnchorReceipt[] = [];
  let cursor = '';
  do {
    const { body } = await api.call('GET', `${ANCHORS}?limit=2${cursor}`, { key: api.ownerKey });
    paged.push(...body.data);
    cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`;
  } while (cursor !== '');
  expect(paged).toEqual(all);
});

test('a cursor that is not one of this list, or of other filters, is refused', async () => {
  const { body } = await api.call('GET', `${ANCHORS}?limit=1`, { key: api.ownerKey });
  expect((await api.call('GET', `${ANCHORS}?of=deployment&cursor=${body.nextCursor}`, { key: api.ownerKey })).status).toBe(422);
  const [, hash] = JSON.parse(Buffer.from(body.nextCursor, 'base64url').toString()) as [string, string];
  for (const position of ['x', '1 bucket elsewhere 1', '99999999999999999 bucket deployment 1']) {
    const forged = Buffer.from(JSON.stringify([position, hash])).toString('base64url');
    expect((await api.call('GET', `${ANCHORS}?cursor=${forged}`, { key: api.ownerKey })).status).toBe(422);
  }
});

test('another organisation sees what was shown of the deployment log, and nothing of this one', async () => {
  const { key } = await api.newKey({ orgId: await api.newOrganization() });
  expect((await list('', key)).map(({ of, anchor }) => `${of} ${anchor}`).toSorted()).toEqual(['deployment bucket', 'deployment clock']);
});

test('it needs audit:read', async () => {
  const { key } = await api.newKey({ scopes: ['events:read'] });
  expect((await api.call('GET', ANCHORS, { key })).status).toBe(403);
  expect((await api.call('GET', ANCHORS)).status).toBe(401);
});
