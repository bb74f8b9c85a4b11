import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createAnchorActivities } from '../../activities/anchor-checkpoints.ts';
import { type Anchor, AnchorRefused, AnchorUnavailable } from '../../activities/anchors/anchor.ts';
import { createDirectoryAnchor } from '../../activities/anchors/directory-anchor.ts';
import { type AnchorState, listAnchorReceipts } from '../../db/queries/anchors.ts';
import type { AnchoringTask } from '../support/anchoring-process.ts';
import { createTestDatabase, openTestPool, type TestDatabase } from '../support/database.ts';
import { addOrganization } from '../support/ledger-records.ts';
import { nodeScript } from '../support/node-script.ts';
import { createSignedLog, type SignedLog } from '../support/signed-log.ts';

const ANCHORING = nodeScript('tests/support/anchoring-process.ts');

let database: TestDatabase;
let log: SignedLog;
let directory: string;
beforeEach(async () => {
  [database, directory] = await Promise.all([createTestDatabase(), mkdtemp(join(tmpdir(), 'mastguard-anchor-'))]);
  log = createSignedLog(database.adminUrl);
});
afterEach(async () => {
  await log.close();
  await Promise.all([database.drop(), rm(directory, { recursive: true })]);
});

/** The activities, with what they report. */
function activities(...anchors: Anchor[]) {
  const states = new Map<string, AnchorState>();
  const unavailable: string[] = [];
  const refused: string[] = [];
  const made = createAnchorActivities({
    sql: database.appSql,
    anchors,
    report: {
      state: ({ name }, state) => void states.set(name, state),
      unavailable: ({ name }, problem) => void unavailable.push(`${name}: ${problem}`),
      refused: ({ name }, { code, number, problem }) => void refused.push(`${name} ${number} ${code}: ${problem}`),
    },
  });
  return { ...made, states, unavailable, refused };
}

/** Takes the newest, in memory, and fails as it is told. */
function memory(takes: Anchor['takes'] = 'newest', name = 'memory') {
  const shown: { number: number; anchoredSize: number; origin: string }[] = [];
  const failures: Error[] = [];
  const anchor: Anchor = {
    name,
    driver: 'webhook',
    takes,
    async publish({ number, anchoredSize, origin }) {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      shown.push({ number, anchoredSize, origin });
      return `receipt ${number}`;
    },
  };
  return { anchor, shown, failures };
}

/** The database's clock, from now on. */
async function anHourLater(): Promise<void> {
  const admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
  await admin.unsafe(
    `create or replace function ledger_now() returns timestamptz language sql volatile set search_path = pg_catalog, pg_temp as $$ select date_trunc('milliseconds', clock_timestamp() + interval '1 hour') $$`,
  );
  await admin.end({ timeout: 1 });
}

const receiptsOf = (orgId: string) => listAnchorReceipts(database.appSql, { orgId, limit: 1_000 });
const directoryAnchor = (): Anchor => createDirectoryAnchor({ path: directory });

/** Every note below the directory, by path. */
async function notes(): Promise<Map<string, string>> {
  const files = (await readdir(directory, { recursive: true })).filter((file) => file.endsWith('.note'));
  return new Map(await Promise.all(files.map(async (file): Promise<[string, string]> => [file, await readFile(join(directory, file), 'utf8')])));
}

test('the directory is shown every checkpoint of every organisation and of the deployment, once', async () => {
  const orgs = [await addOrganization(database.appSql), await addOrganization(database.appSql)];
  for (const org of orgs) await log.sign(org, 130);
  const made = activities(directoryAnchor());
  expect(await made.surveyAnchors()).toEqual(['directory']);
  // At most a hundred of one log at a time.
  expect(await made.publishToAnchor({ anchor: 'directory' })).toEqual({ anchored: 202, refused: 0, more: true });
  expect(await made.publishToAnchor({ anchor: 'directory' })).toEqual({ anchored: 60, refused: 0, more: true });
  expect(await made.publishToAnchor({ anchor: 'directory' })).toEqual({ anchored: 0, refused: 0, more: false });
  expect(await made.surveyAnchors()).toEqual([]);
  expect(made.states.get('directory')).toEqual({ lagSeconds: 0, refused: 0 });
  const files = await notes();
  expect(files.size).toBe(262);
  for (const orgId of orgs) {
    const receipts = await receiptsOf(orgId);
    expect(receipts).toHaveLength(132);
    for (const { receipt, note, status } of receipts) expect([status, files.get(receipt ?? '')]).toEqual(['anchored', note]);
  }
});

test('the others are shown only the newest checkpoint of the deployment log, with the size they took before', async () => {
  const org = await addOrganization(database.appSql);
  await log.sign(org, 3);
  await log.sign(org, 2);
  const { anchor, shown } = memory();
  const made = activities(anchor);
  expect(await made.publishToAnchor({ anchor: 'memory' })).toEqual({ anchored: 1, refused: 0, more: false });
  expect(await made.surveyAnchors()).toEqual([]);
  await log.sign(org);
  expect(await made.surveyAnchors()).toEqual(['memory']);
  await made.publishToAnchor({ anchor: 'memory' });
  expect(shown).toEqual([
    { number: 2, anchoredSize: 0, origin: log.origin },
    { number: 3, anchoredSize: 5, origin: log.origin },
  ]);
});

test('a checkpoint is shown again until it is taken, and the lag says for how long it has waited', async () => {
  const org = await addOrganization(database.appSql);
  await log.sign(org);
  const { anchor, failures, shown } = memory();
  const made = activities(anchor);
  failures.push(new AnchorUnavailable('no answer: network'));
  await expect(made.publishToAnchor({ anchor: 'memory' })).rejects.toMatchObject({ type: 'anchor-unavailable', nonRetryable: false });
  expect(made.unavailable).toEqual(['memory: no answer: network']);
  await anHourLater();
  expect(await made.surveyAnchors()).toEqual(['memory']);
  expect(made.states.get('memory')?.lagSeconds).toBeGreaterThanOrEqual(3_600);
  await made.publishToAnchor({ anchor: 'memory' });
  expect(shown).toHaveLength(1);
  expect(made.states.get('memory')).toEqual({ lagSeconds: 0, refused: 0 });
});

test('one log that cannot be shown holds up no other, and none of its later checkpoints goes before', async () => {
  const orgs = [await addOrganization(database.appSql), await addOrganization(database.appSql)];
  for (const org of orgs) await log.sign(org, 3);
  const { anchor, failures, shown } = memory('every');
  const made = activities(anchor);
  failures.push(new AnchorUnavailable('full'));
  await expect(made.publishToAnchor({ anchor: 'memory' })).rejects.toMatchObject({ type: 'anchor-unavailable' });
  expect(shown).toHaveLength(6);
  expect(await made.publishToAnchor({ anchor: 'memory' })).toEqual({ anchored: 2, refused: 0, more: true });
  for (const origin of new Set(shown.map((each) => each.origin))) {
    const numbers = shown.filter((each) => each.origin === origin).map(({ number }) => number);
    expect(numbers).toEqual(numbers.map((_, at) => at + 1));
  }
});

test('a conflict is recorded and reported, and later checkpoints are shown', async () => {
  const org = await addOrganization(database.appSql);
  const first = await log.sign(org);
  await directoryAnchor().publish({ ...first.org, note: 'another history\n', anchoredSize: 0 });
  await log.sign(org);
  const made = activities(directoryAnchor());
  expect(await made.publishToAnchor({ anchor: 'directory' })).toEqual({ anchored: 3, refused: 1, more: true });
  expect(made.refused).toEqual([expect.stringMatching(/^directory 1 conflict: .*000000000001\.note is there with another content$/)]);
  expect(made.states.get('directory')).toEqual({ lagSeconds: 0, refused: 1 });
  const receipts = await receiptsOf(org);
  expect(receipts.filter(({ isDeployment }) => !isDeployment).map(({ number, status, receipt }) => [number, status, receipt === null])).toEqual([
    [2, 'anchored', false],
    [1, 'refused', true],
  ]);
});

test('one that takes only the newest: what it rejects is tried with the next run and recorded nowhere, a conflict is recorded', async () => {
  const org = await addOrganization(database.appSql);
  await log.sign(org);
  const { anchor, failures } = memory();
  const made = activities(anchor);
  failures.push(new AnchorRefused('rejected', 'answered 404'));
  await expect(made.publishToAnchor({ anchor: 'memory' })).rejects.toMatchObject({ type: 'anchor-refused', nonRetryable: true });
  expect(await receiptsOf(org)).toEqual([]);
  expect(await made.surveyAnchors()).toEqual(['memory']);
  failures.push(new AnchorRefused('conflict', 'another history'));
  expect(await made.publishToAnchor({ anchor: 'memory' })).toEqual({ anchored: 0, refused: 1, more: false });
  expect(await made.surveyAnchors()).toEqual([]);
  // Refused is not shown: the lag goes on.
  await anHourLater();
  await made.surveyAnchors();
  expect(made.states.get('memory')?.refused).toBe(1);
  expect(made.states.get('memory')?.lagSeconds).toBeGreaterThanOrEqual(3_600);
});

test('an anchor that is not configured any more ends its run', async () => {
  await expect(activities().publishToAnchor({ anchor: 'gone' })).rejects.toMatchObject({ type: 'anchor-unknown', nonRetryable: true });
});

test('a process killed between the file and its receipt, or in the middle of a file, leaves whole files that are recorded later, each once', async () => {
  const org = await addOrganization(database.appSql);
  await log.sign(org, 120);
  await log.sign(org, 120);
  const isWhole = async (): Promise<void> => {
    for (const note of (await notes()).values()) expect(note).toMatch(/^guard\.example\/mg\/[^\n]+\n\d+\n[^\n]{44}\n\n(?:— [^\n]+\n){2}$/);
  };
  // By its own hand, after a file: within a page that is never recorded, at its end, and later.
  for (const dieAfter of [1, 7, 20, 33]) {
    await untilKilled(anchoringProcess({ directory, databaseUrl: database.appUrl, dieAfter }), dieAfter);
    await isWhole();
  }
  // From outside, while it writes. It may come to its end before it is killed: there is something new for the next one.
  for (const lines of [3, 26, 48]) {
    await log.sign(org, 60);
    await killAfterLines(anchoringProcess({ directory, databaseUrl: database.appUrl, dieAfter: null }), lines);
    await isWhole();
  }
  const made = activities(directoryAnchor());
  while ((await made.publishToAnchor({ anchor: 'directory' })).more);
  const receipts = await receiptsOf(org);
  const files = await notes();
  expect([receipts.length, files.size]).toEqual([425, 425]);
  for (const { receipt, note, status } of receipts) expect([status, files.get(receipt ?? '')]).toEqual(['anchored', note]);
});

function anchoringProcess(task: AnchoringTask): ChildProcess {
  return spawn(process.execPath, [ANCHORING, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function untilKilled(child: ChildProcess, lines: number): Promise<void> {
  let seen = 0;
  createInterface({ input: child.stdout as NonNullable<ChildProcess['stdout']> }).on('line', () => (seen += 1));
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  expect([seen, signal]).toEqual([lines, 'SIGKILL']);
}

async function killAfterLines(child: ChildProcess, lines: number): Promise<void> {
  let seen = 0;
  createInterface({ input: child.stdout as NonNullable<ChildProcess['stdout']> }).on('line', () => {
    seen += 1;
    if (seen === lines) child.kill('SIGKILL');
  });
  await once(child, 'close');
  expect(seen).toBeGreaterThanOrEqual(lines);
}
