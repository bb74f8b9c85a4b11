import { nodePrimitives } from '../../../../cli/verify/node-primitives.ts';
import type { ExportSource } from '../../../../core/ledger/verify/export-source.ts';
import { filesSource } from '../../../../core/ledger/verify/files-source.ts';
import { noblePrimitives } from '../../../../core/ledger/verify/noble-primitives.ts';
import { verifyExport } from '../../../../core/ledger/verify/verify-export.ts';
import { replaceInLine } from '../../../support/edit-export.ts';
import { exportFiles } from '../../../support/ledger-export.ts';
import type { ExportFiles } from '../../../support/ledger-export.ts';
import { auditRecord } from '../../../support/ledger-export-records.ts';
import { HOUR_MS, longLedger, smallLedger, START_MS, withKept } from '../../../support/ledger-export-samples.ts';

const sourceOf = (files: ExportFiles): ExportSource => filesSource(Object.fromEntries(files));
const purged = exportFiles(longLedger());

describe('verifyExport', () => {
  test('explains missing bodies by a purge entry that was not seen beforehand', async () => {
    const found = await verifyExport({ source: sourceOf(purged), primitives: nodePrimitives });
    expect(found).toMatchObject({ missingBodies: 512, findings: [] });
    const unseen = { ...sourceOf(purged), lastBodies: async () => [] };
    expect(await verifyExport({ source: unseen, primitives: nodePrimitives })).toEqual(found);
  });

  test('compares a purge statement that was not seen beforehand, also where no body is missing', async () => {
    const details = { reason: 'case 12', from: null, until: null };
    const record = auditRecord({ type: 'hold.placed', atMs: START_MS + HOUR_MS, target: 'hld_1', details });
    for (const gone of [[], [7]]) {
      const source = sourceOf(exportFiles(longLedger({ records: [record], gone })));
      const found = await verifyExport({ source, primitives: nodePrimitives });
      expect(found).toMatchObject({ missingBodies: gone.length, findings: [{ code: 'FALSE_STATEMENT', ref: 'entry:521', count: 1 }] });
      expect(await verifyExport({ source: { ...source, lastBodies: async () => [] }, primitives: nodePrimitives })).toEqual(found);
    }
  });

  test('a purge entry that is not what was hashed explains nothing, though it was the last one seen', async () => {
    const forged = replaceInLine('bodies.ndjson', 8, '"upTo":512', '"upTo":513')(purged);
    const found = await verifyExport({ source: sourceOf(forged), primitives: nodePrimitives });
    expect(found).toMatchObject({
      findings: [
        { code: 'BODY_MISMATCH', ref: 'entry:520', count: 1 },
        { code: 'UNEXPLAINED_MISSING', ref: 'entry:0', count: 512 },
      ],
    });
  });

  test('the primitives of a browser say the same as those of Node, of good exports and of bad signatures', async () => {
    const good = withKept(smallLedger());
    const note = smallLedger().checkpoints[2]?.note ?? '';
    const unsigned = replaceInLine('checkpoints.ndjson', 2, note.slice(-12, -1), `AAAAAAA${note.slice(-5, -1)}`)(good);
    for (const files of [good, unsigned, purged]) {
      const [inNode, inBrowser] = await Promise.all(
        [nodePrimitives, noblePrimitives].map((primitives) => verifyExport({ source: sourceOf(files), primitives })),
      );
      expect(inBrowser).toEqual(inNode);
    }
  });

  test('tells how far it is, up to the end', async () => {
    const shares: number[] = [];
    await verifyExport({ source: filesSource(Object.fromEntries(purged), (share) => shares.push(share)), primitives: nodePrimitives });
    expect(shares.at(-1)).toBe(1);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  });
});
