import type { ExportSource, LinesFile } from '../core/ledger/verify/export-source.ts';
import type { Line } from '../core/ledger/verify/split-lines.ts';
import type { Sql } from './client.ts';
import { bodyLine, exportPages, type LedgerExport } from './ledger-export.ts';
import { readExportedBodies } from './queries/ledger-export.ts';

/**
 * An organisation's own ledger as an export to be verified: the same lines that an export would hold, read page by page from the database.
 * `onPage` is told, page by page of whatever file, how many more entries have been handed out, and may end the reading by throwing.
 */
export function ledgerSource(
  sql: Sql,
  { snapshot, header, keys, deployment }: LedgerExport,
  onPage: (entries: number) => Promise<void> | void = () => undefined,
): ExportSource {
  const texts = { 'export.json': header, 'keys.json': keys, 'deployment.json': deployment };

  async function* pages(file: Exclude<LinesFile, 'receipts.ndjson'>): AsyncGenerator<Line[]> {
    for await (const lines of exportPages(sql, { orgId: header.org, file, snapshot })) {
      yield lines;
      await onPage(file === 'entries.ndjson' ? lines.length : 0);
    }
  }

  return {
    text: async (file) => JSON.stringify(texts[file]),
    lines: async (file) => (file === 'receipts.ndjson' ? undefined : pages(file)),
    async lastBodies() {
      const { purge } = snapshot;
      if (purge < 0) return [];
      return (await readExportedBodies(sql, { orgId: header.org, from: purge, until: purge + 1 })).map(bodyLine);
    },
    anchors: async () => [],
  };
}
