import { compare, type Comparison } from './compare.ts';
import { missingFor, runSubject, type SubjectReport } from './run-subject.ts';
import { COMPARED, type Subject } from './subject.ts';

export interface Row {
  subject: Subject;
  versions: { node: string; sdk: string };
  comparison: Comparison;
}

export interface Table {
  rows: Row[];
  /** What was not compared, and why. */
  skipped: { subject: Subject; reason: string }[];
}

interface Options {
  /** Which wrappers and clients, by a part of `nameOf`. Default: all. */
  chosen?: (subject: Subject) => boolean;
  onRow?: (row: Row) => void;
}

/** Every bare client once, and beside it everything that is wrapped around it. */
export async function runComparison({ chosen = () => true, onRow }: Options = {}): Promise<Table> {
  const table: Table = { rows: [], skipped: [] };
  for (const { bare, wrapped } of COMPARED) {
    const subjects = wrapped.filter(chosen);
    if (subjects.length === 0) continue;
    const missing = missingFor(bare);
    if (missing !== undefined) {
      table.skipped.push(...subjects.map((subject) => ({ subject, reason: missing })));
      continue;
    }
    const plain: SubjectReport = await runSubject(bare);
    for (const subject of subjects) {
      try {
        const { observations, versions } = await runSubject(subject);
        const row = { subject, versions, comparison: compare(plain.observations, observations) };
        table.rows.push(row);
        onRow?.(row);
      } catch (error) {
        if (subject.wrapper === 'mastguard') throw error;
        // One product of others that does not come up leaves the rest to compare.
        table.skipped.push({
          subject,
          reason: error instanceof Error ? (error.message.split('\n').findLast((line) => line.trim() !== '') ?? '') : String(error),
        });
      }
    }
  }
  return table;
}
