import type { AttackGroup } from './all-attacks.ts';
import { COLUMN_FINDINGS } from './column-findings.ts';
import type { Comparison } from './peers/compare.ts';
import type { AttackResult } from './run-attack.ts';
import { markdownOf, summaryOf } from './table.ts';
import { VERIFIERS } from './verifiers.ts';

export interface Report {
  /** For a terminal. */
  summary: string;
  /** `docs/tamper-matrix.md`. */
  markdown: string;
}

/** What came of it all. `peer` is a text where the other product was not compared. */
export function reportOf({ groups, results, peer }: { groups: readonly AttackGroup[]; results: readonly AttackResult[]; peer: Comparison | string }): Report {
  const { controls, attacks, found, harmless, residual, differing, missed } = summaryOf(results);
  const counted = [
    `${attacks} attacks on a ledger of 668 entries (700 where it is pruned), and ${controls} copies that nobody touched, each looked at by ${VERIFIERS.map(({ name }) => name).join(' and ')}:`,
    `${found} found by both, exactly as expected; ${harmless} change nothing that is evidence; ${residual} cannot be seen in the export alone;`,
    `${differing} with another result, ${missed} of them missed by both.`,
  ];
  return {
    summary: [...counted, '', ...peerLines(peer)].join('\n'),
    markdown: [HEADING, counted.join(' '), READING, markdownOf(groups, results), NO_EVIDENCE, peerMarkdown(peer, groups)].join('\n\n').concat('\n'),
  };
}

const HEADING = '# Tamper matrix\n\nWritten by `npm run tamper -- --write docs/tamper-matrix.md`.';

const READING = `A real PostgreSQL holds two organisations in the same partitions, with records of every kind written by the product, checkpoints by its signer, a purge, a
legal hold, receipts that a customer kept and checkpoints that a directory anchor kept. Each attack is made on a clone of it, as a superuser past every
trigger, and exported by the product. *Must be found* is all that either verifier may say ([codes](spec/ledger-v1.md#what-a-verifier-finds)); \`beside\` is what the
export of the other organisation shows. *no export*: the product does not write one.`;

const NO_EVIDENCE = [
  '## Tables that are no evidence',
  '',
  ...Object.entries(COLUMN_FINDINGS).flatMap(([table, given]) => ('evidence' in given ? [`- \`${table}\`: ${given.because}.`] : [])),
].join('\n');

const verdictOf = (verify: boolean): string => (verify ? 'true' : '**false**');

function peerLines(peer: Comparison | string): string[] {
  if (typeof peer === 'string') return [peer];
  const width = Math.max(...peer.results.map(({ attack }) => attack.length));
  return [`${peer.name} ${peer.version}`, ...peer.results.map(({ attack, verify }) => `  ${attack.padEnd(width)}  verify() is ${verify}`)];
}

function peerMarkdown(peer: Comparison | string, groups: readonly AttackGroup[]): string {
  if (typeof peer === 'string') return `## Another product\n\n${peer}`;
  const all = groups.flatMap(({ attacks }) => attacks);
  const oursOf = (name: string): string => {
    const attack = all.find((each) => each.name === name);
    if (attack === undefined) throw new Error(`there is no attack «${name}»`);
    const found = typeof attack.finds === 'string' ? attack.finds : attack.finds.map((finding) => `\`${finding}\``).join(', ') || 'nothing';
    return attack.kept !== undefined && found !== 'nothing' ? `${found}, with what was kept outside` : found;
  };
  return [
    `## ${peer.name} ${peer.version}`,
    '',
    'The same sorts of attack on the log of another product, by what its own `verify()` answers (true: nothing is wrong). It chains every field of every entry by SHA-256 and finds',
    'whatever breaks the chain; it has no head, signature or receipt, so it cannot find what leaves a chain that fits. Some of these ours finds only with what was kept outside. It keeps its log in memory; what was exported',
    'and tampered with was put into a logger as its entries.',
    '',
    '| attack | `verify()` | ours, of the same sort |',
    '|---|---|---|',
    ...peer.results.map(({ attack, verify, ours }) => `| ${attack} | ${verdictOf(verify)} | ${oursOf(ours)} |`),
  ].join('\n');
}
