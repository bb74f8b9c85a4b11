import type { Sha256Hex } from '../../hashing.ts';
import { leafHash } from '../chain.ts';
import { utf8 } from '../note.ts';
import { claimWith } from './claim.ts';
import { addEntry, emptyEntryBatch } from './read-entries.ts';
import type { EntryBatch } from './read-entries.ts';
import { HASH_LENGTH, ID_LENGTH, isHashAt, noColumns, scanColumns } from './scan-columns.ts';
import { isAt } from './scan-json.ts';
import { lineAt } from './scan-lines.ts';
import type { ScannedLines } from './scan-lines.ts';

const columns = noColumns();
const BODY = utf8(',"body":"');
const HASH = utf8('","hash":"');
const END = utf8('"}\n');

/** As `readEntries`, of lines as bytes: faster where they are written as an export writes them. */
export function scanEntries(lines: ScannedLines, org: string, sha256Hex: Sha256Hex): EntryBatch {
  const { bytes, ends, ascii } = lines;
  const batch = emptyEntryBatch();
  let prev: string | undefined;
  let start = 0;
  for (const end of ends) {
    if (scanColumns(bytes, start, columns) && isEntryFrom(bytes, columns.retainEnd)) {
      const { seq, kind, time, seqStart, seqEnd, claimStart, idStart, timeStart, timeEnd, retainStart, retainEnd } = columns;
      const line = ascii(start, end);
      const cut = (from: number, to: number): string => line.slice(from - start, to - start);
      const bodyHash = cut(retainEnd + BODY.length, retainEnd + BODY.length + HASH_LENGTH);
      const hash = cut(end - END.length + 1 - HASH_LENGTH, end - END.length + 1);
      const text = `{"at":${cut(timeStart, timeEnd)},"body":"${bodyHash}","id":"${cut(idStart, idStart + ID_LENGTH)}","kind":${kind},"org":"${org}","prev":"${prev}","retain":${cut(retainStart, retainEnd)},"seq":${cut(seqStart, seqEnd)},"v":1}`;
      batch.linked.push(prev !== undefined && leafHash(text, sha256Hex) === hash ? 1 : 0);
      batch.seqs.push(seq);
      batch.times.push(time);
      batch.claims.push(claimWith(cut(claimStart, retainEnd), bodyHash));
      batch.hashes.push(hash);
    } else addEntry(batch, lineAt(lines, start, end), org, sha256Hex);
    prev = batch.hashes.at(-1);
    start = end + 1;
  }
  return batch;
}

/** Whether both hashes follow, and nothing else. */
function isEntryFrom(bytes: Uint8Array, start: number): boolean {
  const body = start + BODY.length;
  const hash = body + HASH_LENGTH + HASH.length;
  if (!isAt(bytes, start, BODY) || !isHashAt(bytes, body)) return false;
  return isAt(bytes, body + HASH_LENGTH, HASH) && isHashAt(bytes, hash) && isAt(bytes, hash + HASH_LENGTH, END);
}
