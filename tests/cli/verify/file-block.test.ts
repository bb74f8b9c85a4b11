import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blocksOf, readLines } from '../../../cli/verify/file-block.ts';

describe('blocks of a file', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'mastguard-blocks-'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const linesInBlocks = async (content: string | Buffer, blockBytes: number): Promise<(string | undefined)[]> => {
    const path = join(directory, 'file');
    writeFileSync(path, content);
    const file = await open(path);
    const all: (string | undefined)[] = [];
    try {
      for (const block of blocksOf(Buffer.byteLength(content), blockBytes)) for await (const lines of readLines(file, block)) all.push(...lines);
    } finally {
      await file.close();
    }
    return all;
  };

  test.each([
    ['lines of any length', 'a\n\nbcd\nefghijkl\nm\n', ['a', '', 'bcd', 'efghijkl', 'm']],
    ['a last line without its LF', 'one\ntwo', ['one', 'two']],
    ['one line longer than all blocks', 'abcdefghijklmnopqrstuvwxyz\n', ['abcdefghijklmnopqrstuvwxyz']],
    ['characters of several bytes', 'ä€\n😀\n—\n', ['ä€', '😀', '—']],
    ['only line feeds', '\n\n\n', ['', '', '']],
    ['nothing', '', []],
  ])('%s: each line is read once, wherever the blocks end', async (_, content, expected) => {
    for (let blockBytes = 1; blockBytes <= 32; blockBytes += 1) expect(await linesInBlocks(content, blockBytes)).toEqual(expected);
  });

  test('lines longer than what is read at a time are whole', async () => {
    const long = ['x'.repeat(1_500_000), 'y', 'z'.repeat(2_500_000)];
    expect(await linesInBlocks(`${long.join('\n')}\n`, 1_000_000)).toEqual(long);
  });

  test('a line that is no UTF-8 is told as such, and the others are read', async () => {
    expect(await linesInBlocks(Buffer.concat([Buffer.from('a\n'), Buffer.of(0xff, 0x0a), Buffer.from('b\n')]), 3)).toEqual(['a', undefined, 'b']);
  });
});
