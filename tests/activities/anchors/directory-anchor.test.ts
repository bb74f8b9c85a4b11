import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ShownCheckpoint } from '../../../activities/anchors/anchor.ts';
import { createDirectoryAnchor } from '../../../activities/anchors/directory-anchor.ts';
import type { AnchoringTask } from '../../support/anchoring-process.ts';
import { nodeScript } from '../../support/node-script.ts';

const ORIGIN = 'guard.example/mg/org/0190aaaa-0000-7000-8000-000000000001';
const FOLDER = `${ORIGIN}/checkpoint`;
const FILE = `${FOLDER}/000000000007.note`;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mastguard-anchor-'));
});
afterEach(() => rm(root, { recursive: true }));

const checkpoint = (changes: Partial<ShownCheckpoint> = {}): ShownCheckpoint => ({
  origin: ORIGIN,
  number: 7,
  size: 12,
  note: 'the note €\n',
  anchoredSize: 0,
  ...changes,
});
const publish = (changes: Partial<ShownCheckpoint> = {}): Promise<string> => createDirectoryAnchor({ path: root }).publish(checkpoint(changes));
const read = (file: string): Promise<string> => readFile(join(root, file), 'utf8');

test('a checkpoint is a file of its own under the name of its log, read-only, and the path is the receipt', async () => {
  expect(await publish()).toBe(FILE);
  expect(await read(FILE)).toBe('the note €\n');
  expect((await stat(join(root, FILE))).mode & 0o222).toBe(0);
  expect(await publish({ origin: 'guard.example/mg/deployment', number: 1_234_567 })).toBe('guard.example/mg/deployment/checkpoint/000001234567.note');
  expect(await readdir(join(root, FOLDER))).toEqual(['000000000007.note']);
});

test('the same again is the same receipt, and the file is not touched', async () => {
  await publish();
  const before = await stat(join(root, FILE), { bigint: true });
  expect(await publish()).toBe(FILE);
  const after = await stat(join(root, FILE), { bigint: true });
  expect([after.ino, after.mtimeNs, after.size]).toEqual([before.ino, before.mtimeNs, before.size]);
});

test.each([
  ['another note', 'another note €\n'],
  ['the beginning of it', 'the note'],
  ['nothing', ''],
])('a file with other content stays as it is, and that is a conflict: %s', async (_what, content) => {
  await mkdir(join(root, FOLDER), { recursive: true });
  await writeFile(join(root, FILE), content);
  await expect(publish()).rejects.toMatchObject({ name: 'AnchorRefused', code: 'conflict', message: expect.stringContaining('000000000007.note') });
  expect(await read(FILE)).toBe(content);
});

test('of several processes that write one number at once all have the same receipt; of two contents one stands and the other is a conflict', async () => {
  expect(new Set(await Promise.all(Array.from({ length: 8 }, () => publish())))).toEqual(new Set([FILE]));
  const outcomes = await Promise.allSettled(['a', 'b', 'c', 'd'].map((note) => publish({ number: 8, note })));
  const winners = outcomes.flatMap((outcome, at) => (outcome.status === 'fulfilled' ? ['abcd'.charAt(at)] : []));
  expect(winners).toHaveLength(1);
  expect(await read(`${FOLDER}/000000000008.note`)).toBe(winners[0]);
  expect(await readdir(join(root, FOLDER))).toEqual(['000000000007.note', '000000000008.note']);
});

test.each([
  '../elsewhere/mg/deployment',
  '/etc/mg',
  'guard.example//mg',
  'guard.example/./mg',
  'guard.example/.hidden',
  'guard.example/a b',
  'guard.example/\u0000',
  '',
])('a name that is no path below the directory is refused: %j', async (origin) => {
  await expect(publish({ origin })).rejects.toMatchObject({ name: 'AnchorRefused', code: 'rejected' });
  expect(await readdir(root)).toEqual([]);
});

test('a host with a port is a name like another', async () => {
  expect(await publish({ origin: '127.0.0.1:8787/mg/deployment' })).toBe('127.0.0.1:8787/mg/deployment/checkpoint/000000000007.note');
});

test('a directory that is not there is not made: the volume may not be mounted', async () => {
  const path = join(root, 'volume');
  const anchor = createDirectoryAnchor({ path });
  await expect(anchor.publish(checkpoint())).rejects.toMatchObject({ name: 'AnchorUnavailable', message: expect.stringContaining('ENOENT') });
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  await writeFile(path, '');
  await expect(anchor.publish(checkpoint())).rejects.toMatchObject({ name: 'AnchorUnavailable' });
  await rm(path);
  await mkdir(path);
  expect(await anchor.publish(checkpoint())).toBe(FILE);
});

test('where nothing can be written it is tried again later, and succeeds when it can', async () => {
  await chmod(root, 0o555);
  // The superuser writes everywhere.
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  const error = await publish().catch((caught: unknown) => caught);
  if (isRoot) process.seteuid?.(0);
  expect(error).toMatchObject({ name: 'AnchorUnavailable', message: expect.stringContaining('EACCES') });
  await chmod(root, 0o755);
  expect(await publish()).toBe(FILE);
});

test.each([0, 1])('a disk that is full after %i kilobytes leaves no note, no rest of one, and takes it when there is room', async (kilobytes) => {
  const whole = checkpoint({ note: `${'x'.repeat(5_000)}\n` });
  const task: AnchoringTask = { directory: root, checkpoint: whole };
  const script = nodeScript('tests/support/anchoring-process.ts');
  const limited = ['-c', `ulimit -f ${kilobytes} && exec "$0" "$1" "$2"`, process.execPath, script, JSON.stringify(task)];
  const { stdout } = await promisify(execFile)('sh', limited);
  expect(stdout).toBe('AnchorUnavailable: the directory cannot be written: EFBIG\n');
  expect(await readdir(join(root, FOLDER))).toEqual([]);
  expect(await publish(whole)).toBe(FILE);
  expect(await read(FILE)).toBe(whole.note);
});
