import { openCheckpoint, parseTreeHead } from '../checkpoint.ts';
import { parseNote, utf8 } from '../note.ts';
import { parseProofFile } from '../proof-file.ts';
import { verifyInclusion } from '../proofs.ts';
import { createFindings } from './findings.ts';
import type { Finding } from './findings.ts';
import { keysByUse, readGivenVkey } from './keys.ts';
import type { LedgerPrimitives } from './primitives.ts';
import { readObject } from './read-json.ts';
import type { Unreadable } from './verify-export.ts';

export interface ProofResult {
  v: 1;
  /** Of the checkpoint, where it is valid; null otherwise, as are the next three. */
  origin: string | null;
  index: number | null;
  size: number | null;
  /** The signed time, epoch milliseconds. */
  at: number | null;
  findings: Finding[];
}

export interface ProofOptions {
  /** Text of the `.tlog-proof` file. */
  proof: string;
  /** The entry's text, as it is hashed. */
  entry: string;
  /** The recorded body, as it is hashed. */
  body?: string | undefined;
  /** Keys known already: a proof brings none. */
  vkeys: readonly string[];
  primitives: LedgerPrimitives;
}

/** Verifies that one entry, and its body, are in a ledger that was signed: docs/spec/ledger-v1.md, «Proof of one entry». */
export function verifyProof({ proof: proofText, entry, body, vkeys, primitives: { sha256, sha256Hex, verify } }: ProofOptions): ProofResult | Unreadable {
  if (vkeys.length === 0) return { problem: 'a proof is verified with keys that are known already: give --vkey' };
  const findings = createFindings();
  const nothing = { v: 1, origin: null, index: null, size: null, at: null } as const;
  const file = parseProofFile(proofText);
  if (file === undefined) {
    findings.add('MALFORMED', 'file:proof');
    return { ...nothing, findings: findings.list() };
  }
  const origin = parseTreeHead(parseNote(file.checkpoint)?.text ?? '')?.origin ?? '';
  const [, host, org] = /^(.+)\/mg\/org\/([0-9a-f-]{36})$/.exec(origin) ?? [];
  const read = vkeys.map((text) => ({ text, vkey: readGivenVkey(text, host ?? '', sha256) }));
  const unknown = read.find(({ vkey }) => vkey === undefined);
  if (unknown !== undefined) return { problem: `${unknown.text} is no verifier key` };
  const keys = keysByUse(read.flatMap(({ vkey }) => vkey ?? []));

  const claims = readObject(entry);
  if (claims === undefined) findings.add('MALFORMED', 'file:entry');
  const opened = openCheckpoint(file.checkpoint, keys.all, verify, { origin, signedBy: keys.log });
  // A log that is none of an organisation's, such as that of the deployment, may be signed as well.
  const isValid = !('problem' in opened) && org !== undefined;
  if (isValid) {
    const leaf = sha256(utf8(`\u0000${entry}`));
    const isIncluded = verifyInclusion({ index: file.index, size: opened.size, leaf, proof: file.proof, root: opened.root, sha256 });
    // What is hashed says itself where it stands.
    const isThere = claims === undefined || (claims['seq'] === file.index && claims['org'] === org);
    if (!isIncluded || !isThere) findings.add('BAD_PROOF', 'proof');
  } else findings.add('BAD_SIGNATURE', 'proof');
  if (body !== undefined && claims !== undefined && sha256Hex(body) !== claims['body']) findings.add('BODY_MISMATCH', 'proof');
  const signed = isValid ? { v: 1 as const, origin, index: file.index, size: opened.size, at: opened.atMs } : nothing;
  return { ...signed, findings: findings.list() };
}
