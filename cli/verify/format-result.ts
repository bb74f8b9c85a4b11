import type { Finding } from '../../core/ledger/verify/findings.ts';
import type { VerifyResult } from '../../core/ledger/verify/read-export.ts';
import type { ProofResult } from '../../core/ledger/verify/verify-proof.ts';
import { MEANINGS } from './meanings.ts';

/** The report on an export for people. */
export function formatResult({ org, entries, bodies, missingBodies, checkpoints, findings }: VerifyResult, { isPinned }: { isPinned: boolean }): string {
  const lines = [
    `ledger of ${org}: ${count(entries, 'entry', 'entries')}, ${count(bodies, 'body', 'bodies')}${missingBodies === 0 ? '' : ` (${missingBodies} missing)`}, ${count(checkpoints, 'checkpoint')}`,
  ];
  if (!isPinned) lines.push('keys: those of the export itself. Whoever made it may have signed it with keys of their own: give the published ones with --vkey');
  return [...lines, ...formatFindings(findings)].join('\n');
}

/** The report on one entry. */
export function formatProof({ origin, index, size, at, findings }: ProofResult): string {
  const signed =
    origin === null || at === null
      ? []
      : [`entry ${index} of ${origin}, in the tree of ${count(size ?? 0, 'entry', 'entries')} signed at ${new Date(at).toISOString()}`];
  return [...signed, ...formatFindings(findings)].join('\n');
}

function formatFindings(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return ['no findings'];
  return [
    count(
      findings.reduce((sum, finding) => sum + finding.count, 0),
      'finding',
    ),
    ...findings.map(({ code, ref, count: times }) => `  ${code} ${ref}${times === 1 ? '' : ` and ${times - 1} more`}: ${MEANINGS[code]}`),
  ];
}

const count = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`;
