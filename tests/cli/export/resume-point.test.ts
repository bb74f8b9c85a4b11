import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { offsetOfSeq, resumePoint } from '../../../cli/export/resume-point.ts';

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mastguard-export-'));
  path = join(directory, 'bodies.ndjson');
});
afterEach(() => rm(directory, { recursive: true }));

const line = (seq: number, bytes = 20): string => `{"seq":${seq},"text":"${'é'.repeat(bytes)}"}\n`;

async function resumed(text: string): Promise<{ from: string | undefined; kept: string }> {
  await writeFile(path, text);
  const from = await resumePoint(path);
  return { from, kept: await readFile(path, 'utf8') };
}

test('a file that is not there yet begins at the beginning', async () => {
  expect(await resumePoint(path)).toBeUndefined();
  expect(await readFile(path, 'utf8')).toBe('');
});

test('the last whole line is fetched again, and what was cut behind it is gone', async () => {
  expect(await resumed(line(0) + line(1) + line(2) + '{"seq":3,"te')).toEqual({ from: '2', kept: line(0) + line(1) });
});

test('a cut within the first line begins at the beginning', async () => {
  expect(await resumed('{"seq":0,"te')).toEqual({ from: undefined, kept: '' });
});

test('lines at the same place are fetched again together', async () => {
  expect(await resumed(line(4) + line(5) + line(5, 3) + line(5))).toEqual({ from: '5', kept: line(4) });
});

test('lines longer than what is read at once are found', async () => {
  expect(await resumed(line(0, 200_000) + line(1, 200_000) + line(2, 200_000).slice(0, -1))).toEqual({ from: '1', kept: line(0, 200_000) });
});

test('checkpoints go on by number, tiles by level and index', async () => {
  expect((await resumed('{"number":1,"size":3}\n{"number":2,"size":9}\n')).from).toBe('2');
  expect((await resumed('{"level":0,"index":7,"root":""}\n{"level":1,"index":0,"root":""}\n')).from).toBe('1/0');
});

test('a file of something else is left alone', async () => {
  await expect(resumed('my notes\n')).rejects.toThrow('something else');
  expect(await readFile(path, 'utf8')).toBe('my notes\n');
});

test.each([0, 1, 7, 500, 999, 1_000])('the lines from number %d on are found, whatever their lengths', async (seq) => {
  const lines = Array.from({ length: 1_000 }, (_, at) => line(at, (at * 7_919) % 300));
  await writeFile(path, lines.join(''));
  expect(await offsetOfSeq(path, seq)).toBe(Buffer.byteLength(lines.slice(0, seq).join('')));
});
