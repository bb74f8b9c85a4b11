import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openRecording } from '../../../cli/replay/read-recording.ts';

const directory = mkdtempSync(join(tmpdir(), 'mastguard-recording-'));
afterAll(() => rmSync(directory, { recursive: true }));

async function linesOf(name: string, bytes: Uint8Array | string): Promise<string[]> {
  const file = join(directory, name);
  writeFileSync(file, bytes);
  const { lines, progress } = await openRecording(file);
  const read: string[] = [];
  for await (const line of lines) read.push(line);
  expect(progress()).toBe(1);
  return read;
}

test('plain and gzip give the same lines, whatever the file is called', async () => {
  const expected = Array.from({ length: 3_000 }, (_, index) => `{"n":${index},"text":"Grüße 会话 ${'x'.repeat(index % 97)}"}`);
  const text = `${expected.join('\n')}\n`;
  expect(await linesOf('plain.jsonl.gz', text)).toEqual(expected);
  expect(await linesOf('packed.jsonl', gzipSync(text))).toEqual(expected);
});

test('the last line needs no line break, and an empty file has no line', async () => {
  expect(await linesOf('open.jsonl', 'a\nb')).toEqual(['a', 'b']);
  expect(await linesOf('empty.jsonl', '')).toEqual([]);
});

test('a gzip file that was cut short is an error, not a short recording', async () => {
  const whole = gzipSync(Array.from({ length: 2_000 }, (_, index) => `line ${index}`).join('\n'));
  await expect(linesOf('cut.gz', whole.subarray(0, whole.length - 40))).rejects.toThrow(/unexpected end of file/);
});

test('a file that is not there is an error that names it', async () => {
  await expect(openRecording(join(directory, 'nowhere.jsonl'))).rejects.toThrow(/nowhere\.jsonl/);
});
