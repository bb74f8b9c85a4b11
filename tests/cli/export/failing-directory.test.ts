import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditClient } from '../../../cli/export/audit-client.ts';
import { openExportDirectory } from '../../../cli/export/export-directory.ts';
import { exportLedger } from '../../../cli/export/export-ledger.ts';
import type { ExportManifest } from '../../../schemas/audit-export.ts';
import { exportFiles } from '../../support/ledger-export.ts';
import { smallLedger } from '../../support/ledger-export-samples.ts';

const files = exportFiles(smallLedger());
const json = (name: string): object => JSON.parse(String(files.get(name))) as object;

function manifestOf(org?: string): ExportManifest {
  const header = { ...json('export.json'), ...(org && { org }) };
  return {
    snapshot: 'now',
    purgedSince: false,
    lines: { entries: 11, checkpoints: 4, tiles: 1 },
    files: { 'export.json': header, 'keys.json': json('keys.json'), 'deployment.json': json('deployment.json') },
  } as ExportManifest;
}

let path: string;
let asked: unknown[];
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'mastguard-failing-'));
  asked = [];
});
afterEach(() => rm(path, { recursive: true }));

/** A server that answers, a line at a time, and whoever asks may try as often as lines have come. */
const client: AuditClient = {
  manifest: async () => manifestOf(),
  async stream(file, { from }) {
    const lines = String(files.get(file)).split(/(?<=\n)/);
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (const line of lines.slice(from === undefined ? 0 : lines.findIndex((each) => each.startsWith(`{"seq":${from},`)))) yield Buffer.from(line);
    }
    return chunks();
  },
  // A few are as good as endlessly many.
  mayTryAgain: async (error) => asked.push(error) < 10,
  hasProgressed: () => undefined,
};

const exported = async (): Promise<unknown> => exportLedger({ client, directory: await openExportDirectory(path) });

test('a disk that is full ends an export at once: each try would find room for a line, and begin anew', async () => {
  const handle = await open(join(path, 'any'), 'w');
  const proto = Object.getPrototypeOf(handle) as { appendFile: (...args: unknown[]) => Promise<void> };
  await handle.close();
  const { appendFile } = proto;
  let calls = 0;
  proto.appendFile = function full(...args) {
    calls += 1;
    if (calls % 3 !== 0) return appendFile.apply(this, args);
    return Promise.reject(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', errno: -28, syscall: 'write' }));
  };
  try {
    await expect(exported()).rejects.toThrow('ENOSPC');
  } finally {
    proto.appendFile = appendFile;
  }
  expect(asked).toEqual([]);
  // With room again it goes on.
  await expect(exported()).resolves.toMatchObject({ size: 11 });
});

test('what was begun of another ledger is not gone on with', async () => {
  const other = { ...client, manifest: async () => manifestOf('0190aaaa-0000-7000-8000-00000000000b') };
  const directory = await openExportDirectory(path);
  await expect(exportLedger({ client: other, directory: { ...directory, finish: () => Promise.reject(new Error('killed')) } })).rejects.toThrow('killed');
  const before = await readFile(join(path, 'entries.ndjson'), 'utf8');
  await expect(exported()).rejects.toThrow('holds a part of the ledger of 0190aaaa-0000-7000-8000-00000000000b');
  expect(await readFile(join(path, 'entries.ndjson'), 'utf8')).toBe(before);
  expect(asked).toEqual([]);
});

test('a file of something else ends an export at once', async () => {
  await writeFile(join(path, 'entries.ndjson'), 'mine\n');
  await expect(exported()).rejects.toThrow('holds something else than a part of an export');
  expect(asked).toEqual([]);
});
