import { type AttackGroup, isControl } from './all-attacks.ts';
import type { Expected } from './attack.ts';
import type { AttackResult, Outcome } from './run-attack.ts';
import { VERIFIERS } from './verifiers.ts';

/** One line of the table: what had to be found, and what each verifier says of it. */
export interface TableRow {
  attack: string;
  expected: string;
  /** By verifier: `found`, `nothing`, or what it found instead. */
  verdicts: string[];
  ok: 'ok' | 'DIFFERS' | 'MISSED';
  /** Why nothing is found, where that is so. */
  note: string;
}

export function rowOf({ attack, ours, neighbour, isExpected, isMissed }: AttackResult): TableRow {
  const { finds, neighbour: beside = [], harmless, residual } = attack;
  const verdicts = VERIFIERS.map((_, at) => {
    const differs = textOf(ours[at] ?? []) !== textOf(finds) || textOf(neighbour[at] ?? neighbour[0] ?? []) !== textOf(beside);
    if (!differs) return finds.length + beside.length === 0 ? 'nothing' : 'found';
    return [textOf(ours[at] ?? []), textOf(neighbour[at] ?? [])].filter((text) => text !== '').join(' | ') || 'nothing';
  });
  return {
    attack: attack.name,
    expected: [textOf(finds), beside.length === 0 ? '' : `beside: ${textOf(beside)}`].filter((text) => text !== '').join('; ') || 'nothing',
    verdicts,
    ok: isMissed ? 'MISSED' : isExpected ? 'ok' : 'DIFFERS',
    note: harmless ?? residual ?? '',
  };
}

const textOf = (found: Expected | Outcome): string => (typeof found === 'string' ? found : found.join(', '));

export interface MatrixSummary {
  /** Copies that nobody touched, in which nothing was found. */
  controls: number;
  attacks: number;
  /** Both verifiers found exactly what had to be found. */
  found: number;
  /** Nothing rests on what was changed. */
  harmless: number;
  /** Not to be seen in the export alone. */
  residual: number;
  differing: number;
  missed: number;
}

export function summaryOf(results: readonly AttackResult[]): MatrixSummary {
  const count = (is: (result: AttackResult) => boolean): number => results.filter(is).length;
  return {
    controls: count(({ attack, isExpected }) => isExpected && isControl(attack)),
    attacks: count(({ attack }) => !isControl(attack)),
    found: count(({ attack, isExpected }) => isExpected && attack.harmless === undefined && attack.residual === undefined),
    harmless: count(({ attack, isExpected }) => isExpected && attack.harmless !== undefined && !isControl(attack)),
    residual: count(({ attack, isExpected }) => isExpected && attack.residual !== undefined),
    differing: count(({ isExpected }) => !isExpected),
    missed: count(({ isMissed }) => isMissed),
  };
}

/** Of a terminal: one line an attack, as it comes. */
export const lineOf = ({ attack, expected, verdicts, ok, note }: TableRow): string =>
  `${ok.padEnd(7)} ${attack}\n        ${expected}${note === '' ? '' : ` (${note})`}${ok === 'ok' ? '' : `\n        ${VERIFIERS.map(({ name }, at) => `${name}: ${verdicts[at]}`).join('\n        ')}`}`;

export function markdownOf(groups: readonly AttackGroup[], results: readonly AttackResult[]): string {
  const rows = new Map(results.map((result) => [result.attack, rowOf(result)]));
  return groups
    .map(({ title, attacks }) => {
      const lines = attacks.flatMap((attack) => {
        const row = rows.get(attack);
        return row === undefined
          ? []
          : [`| ${[row.attack, codes(row.expected) + (row.note === '' ? '' : `: ${row.note}`), ...row.verdicts, row.ok].map(cell).join(' | ')} |`];
      });
      return [
        `## ${title}`,
        '',
        `| attack | must be found | ${VERIFIERS.map(({ name }) => name).join(' | ')} | |`,
        `|---|---|${VERIFIERS.map(() => '---|').join('')}---|`,
        ...lines,
      ].join('\n');
    })
    .join('\n\n');
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
const codes = (text: string): string => text.replaceAll(/[A-Z]+(_[A-Z]+)* [a-z]+(:[\w./-]+)?/g, (code) => `\`${code}\``);
