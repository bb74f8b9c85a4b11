import { createChain, genesisOf, isLinked } from '../chain.ts';
import type { ChainFault } from '../chain.ts';
import type { ExportFile } from '../export-format.ts';
import { openAnchors } from './anchors.ts';
import { createCheckpointLines } from './checkpoint-lines.ts';
import { checkDeployment } from './deployment.ts';
import { createExportTree } from './export-tree.ts';
import type { ExportSource } from './export-source.ts';
import { createFindings } from './findings.ts';
import type { Finding, Findings } from './findings.ts';
import { keysByUse, readKeys } from './keys.ts';
import type { LogKeys } from './keys.ts';
import { createKnownRoots } from './known-roots.ts';
import { createBodyMatcher } from './match-bodies.ts';
import { createMissingBodies, purgeEntryOf } from './missing-bodies.ts';
import type { PurgeEntry } from './missing-bodies.ts';
import type { LedgerPrimitives } from './primitives.ts';
import { entryAt } from './read-entries.ts';
import { readDeployment, readReceipt, readTile } from './read-lines.ts';
import { createReceiptLines } from './receipt-lines.ts';
import { createSilences } from './silences.ts';
import { eachLine, openBodies, openedCheckpoints, openEntries } from './source-lines.ts';
import { createStatementCheck } from './statement-check.ts';
import { createTileLines } from './tile-lines.ts';

export interface VerifyResult {
  v: 1;
  org: string;
  /** Lines that are not malformed. */
  entries: number;
  bodies: number;
  missingBodies: number;
  checkpoints: number;
  findings: Finding[];
}

export interface Reading {
  source: ExportSource;
  primitives: LedgerPrimitives;
  exported: ExportFile & { host: string };
  /** Undefined: those of the export. */
  keys: LogKeys | undefined;
  /** The newest purge entry, as far as is known beforehand. */
  presumed: PurgeEntry | undefined;
}

/**
 * Reads an export once and takes all the steps of docs/spec/ledger-v1.md. The result is right if `presumed` is the purge entry that is returned, or
 * there is none and no body is missing.
 */
export async function readExport({
  source,
  primitives,
  exported,
  keys: given,
  presumed,
}: Reading): Promise<{ result: VerifyResult; purge: PurgeEntry | undefined }> {
  const { org, origin, host, minIndex, anchorHash } = exported;
  const { sha256, sha256Hex, verify } = primitives;
  const findings = createFindings();
  const keys = given ?? (await keysOf(source, primitives, findings));

  const deploymentText = await source.text('deployment.json');
  const deployment = readDeployment(deploymentText ?? '');
  if (deployment === undefined) findings.add('MALFORMED', 'file:deployment.json');
  const checkpoints = createCheckpointLines(findings);
  const opened = await openedCheckpoints(source, { origin, keys, noteNumber: deployment?.number }, primitives, findings);
  for await (const { lines } of opened) for (const line of lines) checkpoints.add(line);
  const tiles = createTileLines();
  await eachLine(source, 'tiles.ndjson', readTile, (line) => tiles.add(line), findings);
  const anchors = openAnchors(await source.anchors(), { origin, keys, verify });
  const receipts = createReceiptLines();
  await eachLine(source, 'receipts.ndjson', readReceipt, (line) => receipts.add(line), findings);

  const roots = createKnownRoots([...checkpoints.sizes, ...anchors.sizes]);
  const tree = createExportTree({ minIndex, tiles, roots, sha256 });
  const chain = createChain(org, sha256Hex, { next: minIndex, head: anchorHash ?? genesisOf(org, sha256Hex) });
  const silences = createSilences(checkpoints.silences);
  const missing = createMissingBodies(findings, presumed);
  const statements = createStatementCheck(presumed);
  let purge: PurgeEntry | undefined;
  const matcher = createBodyMatcher(findings, {
    missing(entry) {
      missing.add(entry);
      if (entry.kind !== 3) return;
      silences.explain(entry.at);
      statements.unread(entry);
    },
    changed(entry) {
      if (entry.kind === 3) statements.unread(entry);
    },
    remark(entry, remark, claim) {
      if (remark.type === 'ledger.purged') purge = purgeEntryOf(entry, remark, claim);
      if (remark.type === 'signer.resumed') silences.explain(entry.at);
      statements.remark(entry, remark);
    },
    isCheckpointSize: (size) => checkpoints.lineSizes.has(size),
  });

  const bodies = await openBodies(source, primitives, findings);
  let entries = 0;
  let firstMs: number | undefined;
  const find = (code: ChainFault, seq: number): void => findings.add(code, `entry:${seq}`);
  for await (const batch of await openEntries(source, org, primitives, findings)) {
    const { seqs, times, claims, hashes, linked } = batch;
    entries += seqs.length;
    firstMs ??= times[0];
    for (let at = 0; at < seqs.length; at += 1) {
      const seq = seqs[at] ?? 0;
      const entryHash = hashes[at] ?? '';
      const { next, head } = chain;
      const isEntry = at === 0 ? isLinked(entryAt(batch, at, org), head, sha256Hex) : linked[at] === 1;
      chain.follow({ seq, atMs: times[at] ?? 0, entryHash }, isEntry, find);
      if (seq === next) tree.append(entryHash);
      else tree.breakOff();
      if (seq < next) continue;
      receipts.entry(seq, entryHash);
      while (!matcher.take(seq, claims[at] ?? '')) matcher.refill(await bodies.next());
    }
  }
  while (!matcher.drain()) matcher.refill(await bodies.next());

  const { next, head, lastMs } = chain;
  const { statement } = purge ?? {};
  if (minIndex > 0 && !(statement?.minIndex === minIndex && statement.anchorHash === anchorHash)) findings.add('GAP', 'entry:0');
  if (purge?.key === presumed?.key) statements.end(findings, minIndex);
  const signedSize = checkpoints.last?.size ?? 0;
  checkpoints.end({ next, reach: tree.reach, rootAt: (size) => roots.at(size) });
  const { last, nextNumber, lastLineSize } = checkpoints;
  silences.end(findings, { minIndex, firstMs, exportedAtMs: exported.exportedAt, lastSignedMs: last?.atMs, nextNumber });
  tiles.end(findings, signedSize, minIndex);
  const told = exported.head;
  const isHead = exported.size === next && told.nextSeq === next && told.head === head && (told.lastAt ?? Number.NEGATIVE_INFINITY) === lastMs;
  if (!isHead || told.checkpointSize !== lastLineSize) findings.add('HEAD_MISMATCH', 'head');
  anchors.end(findings, next, (size) => roots.at(size));
  receipts.end(findings, minIndex, signedSize);
  if (deployment) checkDeployment(deployment, { host, keys, noteHash: checkpoints.noteHash, primitives, findings });
  else if (checkpoints.lines > 0) findings.add('BAD_PROOF', 'deployment');

  const counts = { entries, bodies: bodies.count, missingBodies: missing.count, checkpoints: checkpoints.lines };
  return { result: { v: 1, org, ...counts, findings: findings.list() }, purge };
}

async function keysOf(source: ExportSource, { sha256 }: LedgerPrimitives, findings: Findings): Promise<LogKeys> {
  const read = readKeys((await source.text('keys.json')) ?? '', sha256);
  const malformed = read?.malformed ?? 1;
  if (malformed > 0) findings.add('MALFORMED', 'file:keys.json', malformed);
  return read?.keys ?? keysByUse([]);
}
