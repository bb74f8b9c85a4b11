import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditClient } from '../../../cli/export/audit-client.ts';
import { type ExportDirectory, openExportDirectory } from '../../../cli/export/export-directory.ts';
import { exportLedger } from '../../../cli/export/export-ledger.ts';
import { nodePrimitives } from '../../../cli/verify/node-primitives.ts';
import { openDirectory } from '../../../cli/verify/directory-source.ts';
import { verifyExport } from '../../../core/ledger/verify/verify-export.ts';
import type { ExportManifest } from '../../../schemas/audit-export.ts';
import { append, createTestLedger, type ExportFiles, exportFiles, signCheckpoint } from '../../support/ledger-export.ts';
import { auditRecord, purgeDetails } from '../../support/ledger-export-records.ts';
import { START_MS } from '../../support/ledger-export-samples.ts';

/** More than a tile of level 1 spans: tiles that come later do not all stand at the end of their file. */
const ENTRIES = 65_600;
const ledger = createTestLedger({ seed: 'killed' });
const before = later(ENTRIES, START_MS);
append(ledger, auditRecord({ type: 'ledger.purged', atMs: START_MS + 500, details: purgeDetails({ upTo: 0 }) }));
const after = later(300, START_MS + 1_000);

/** The export of the same ledger with so many entries more. */
function later(records: number, atMs: number): ExportFiles {
  const fields = { type: 'n', actor: 'system', target: null };
  for (let count = 0; count < records; count += 1) append(ledger, { kind: 3, body: '{"actor":"system","target":null,"type":"n"}', fields, atMs });
  signCheckpoint(ledger, atMs);
  ledger.exportedAt = atMs;
  return exportFiles(ledger);
}

let path: string;
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'mastguard-killed-'));
});
afterEach(() => rm(path, { recursive: true }));

/** A server that has purged something as soon as all of the first snapshot was sent. */
function clientOf(): AuditClient {
  const snapshots = new Map([
    ['before', before],
    ['after', after],
  ]);
  const manifestOf = (snapshot: string, purgedSince: boolean): ExportManifest => {
    const json = (name: string): unknown => JSON.parse(String(snapshots.get(snapshot)?.get(name)));
    const files = { 'export.json': json('export.json'), 'keys.json': json('keys.json'), 'deployment.json': json('deployment.json') };
    return { snapshot, purgedSince, lines: { entries: ENTRIES, checkpoints: 1, tiles: 257 }, files } as ExportManifest;
  };
  return {
    manifest: async (since) => (since === undefined ? manifestOf('before', false) : manifestOf('after', since === 'before')),
    async stream(file, { snapshot, from }) {
      const text = String(snapshots.get(snapshot)?.get(file));
      const [level, index] = from?.split('/') ?? [];
      const starts = index === undefined ? [`{"seq":${level},`, `{"number":${level},`] : [`{"level":${level},"index":${index},`];
      const start = from === undefined ? 0 : Math.max(...starts.map((each) => text.indexOf(each)));
      async function* chunks(): AsyncGenerator<Uint8Array> {
        yield Buffer.from(text.slice(start));
      }
      return chunks();
    },
    mayTryAgain: async () => false,
    hasProgressed: () => undefined,
  };
}

/** The process is killed instead of taking one of the steps that change what is pinned: the first one pins it. */
function killedAt(step: number, directory: ExportDirectory): ExportDirectory {
  let steps = 0;
  const unlessKilled = async (take: () => Promise<void>): Promise<void> => {
    steps += 1;
    if (steps > step) throw new Error('killed');
    await take();
  };
  return {
    ...directory,
    writeState: (manifest) => unlessKilled(() => directory.writeState(manifest)),
    remove: (file) => unlessKilled(() => directory.remove(file)),
    finish: (manifest) => unlessKilled(() => directory.finish(manifest)),
  };
}

test.each([1, 2, 3])('an export that is killed where it takes up a purge, behind step %i, goes on and verifies', async (step) => {
  const client = clientOf();
  await expect(exportLedger({ client, directory: killedAt(step, await openExportDirectory(path)) })).rejects.toThrow('killed');
  const { size } = await exportLedger({ client, directory: await openExportDirectory(path) });
  expect(size).toBe(ledger.entries.length);
  const source = await openDirectory({ directory: path, threads: 0 });
  try {
    expect(await verifyExport({ source, primitives: nodePrimitives })).toMatchObject({ entries: size, missingBodies: 0, findings: [] });
  } finally {
    await source.close();
  }
});
