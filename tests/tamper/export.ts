import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sql } from '../../db/client.ts';
import { exportPages, openExport } from '../../db/ledger-export.ts';
import { HOST } from './scene/landmarks.ts';

const STREAMS = ['entries.ndjson', 'bodies.ndjson', 'checkpoints.ndjson', 'tiles.ndjson'] as const;

/**
 * What an organisation's auditor receives: the product's export, written to a directory that is replaced. `sql` is the application's.
 * False where the product finds no ledger to export.
 */
export async function exportTo(directory: string, sql: Sql, orgId: string): Promise<boolean> {
  await rm(directory, { recursive: true, force: true });
  const opened = await openExport(sql, { orgId, host: HOST });
  if (opened === undefined) return false;
  await mkdir(directory, { recursive: true });
  const { snapshot, header, keys, deployment } = opened;
  const files = { 'export.json': header, 'keys.json': keys, 'deployment.json': deployment };
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), JSON.stringify(content));
  for (const file of STREAMS) {
    const handle = await open(join(directory, file), 'w');
    try {
      for await (const lines of exportPages(sql, { orgId, file, snapshot })) await handle.write(`${lines.join('\n')}\n`);
    } finally {
      await handle.close();
    }
  }
  return true;
}
