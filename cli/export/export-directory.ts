import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ExportManifest } from '../../schemas/audit-export.ts';
import type { ExportStream } from '../../schemas/audit-export.ts';
import { offsetOfSeq, resumePoint } from './resume-point.ts';

/** Kept beside the files until they are whole: what they are pinned to. No key is in it. */
const STATE = '.export-state.json';

export interface ExportDirectory {
  /** What an export that was cut was pinned to. */
  readState(): Promise<ExportManifest | undefined>;
  writeState(manifest: ExportManifest): Promise<void>;
  resumePoint(file: ExportStream): Promise<string | undefined>;
  /** Adds to a file; `onLines` is told how many lines have come to their end. */
  append(file: ExportStream, chunks: AsyncIterable<Uint8Array>, onLines: (count: number) => void): Promise<void>;
  remove(file: ExportStream): Promise<void>;
  /** Drops the lines of entries below that number, which are gone from the ledger meanwhile. */
  dropBelow(file: ExportStream, seq: number): Promise<void>;
  /** Adds the files that are no streams, `export.json` last: where it is, the export is whole. */
  finish(manifest: ExportManifest): Promise<void>;
}

/** It cannot be written or read, or holds something else: asking the server again would change nothing. */
export class NotADirectoryForThis extends Error {}

async function onDisk<T>(work: Promise<T>): Promise<T> {
  return work.catch((cause: unknown) => {
    throw new NotADirectoryForThis((cause as Error).message, { cause });
  });
}

/** The directory of an export. What is exported is personal: nobody but the owner reads it. */
export async function openExportDirectory(directory: string): Promise<ExportDirectory> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const pathOf = (file: string): string => join(directory, file);
  if (existsSync(pathOf('export.json'))) throw new NotADirectoryForThis(`${directory} holds an export already`);

  const write = async (name: string, text: string): Promise<void> => {
    const draft = pathOf(`.${name}.draft`);
    const file = await open(draft, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, pathOf(name));
  };

  return {
    async readState() {
      if (!existsSync(pathOf(STATE))) return undefined;
      return ExportManifest.parse(JSON.parse(await readFile(pathOf(STATE), 'utf8')));
    },
    writeState: (manifest) => write(STATE, JSON.stringify(manifest)),
    resumePoint: (name) => onDisk(resumePoint(pathOf(name))),

    async append(name, chunks, onLines) {
      const file = await onDisk(open(pathOf(name), 'a', 0o600));
      try {
        for await (const chunk of chunks) {
          await onDisk(file.appendFile(chunk));
          onLines(lineFeeds(chunk));
        }
        await onDisk(file.sync());
      } finally {
        await file.close();
      }
    },

    remove: (name) => rm(pathOf(name), { force: true }),

    async dropBelow(name, seq) {
      const draft = pathOf(`.${name}.draft`);
      const start = await offsetOfSeq(pathOf(name), seq);
      if (start === 0) return;
      await pipeline(createReadStream(pathOf(name), { start }), createWriteStream(draft, { mode: 0o600, flush: true }));
      await rename(draft, pathOf(name));
    },

    async finish({ files }) {
      await write('keys.json', `${JSON.stringify(files['keys.json'])}\n`);
      await write('deployment.json', `${JSON.stringify(files['deployment.json'])}\n`);
      await write('export.json', `${JSON.stringify(files['export.json'])}\n`);
      await rm(pathOf(STATE), { force: true });
    },
  };
}

function lineFeeds(chunk: Uint8Array): number {
  let count = 0;
  for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, at + 1)) count += 1;
  return count;
}
