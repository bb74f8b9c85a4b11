import type { Sql } from '../../db/client.ts';
import type { Moment, Scene, Snapshot } from './scene/scene.ts';

/** What somebody outside has kept, and puts beside the export. */
export type Kept = 'receipts' | 'anchors' | 'vkeys';

/** A copy of the database in the hands of somebody who may do everything to it: a superuser, past every trigger. */
export interface AttackedDatabase {
  sql: Sql;
  url: string;
  scene: Scene;
  /** What there was before the attack. */
  before: Snapshot;
}

export type Expected = readonly string[] | 'no export' | 'unreadable';

export interface Attack {
  name: string;
  /** Which history is attacked; `whole` where it is left out. */
  on?: Moment;
  tamper: (database: AttackedDatabase) => Promise<void>;
  kept?: readonly Kept[];
  /** When that was kept, where it is later than the history that is attacked. */
  keptAt?: Moment;
  /**
   * What each verifier finds in our export, all of it: `<code> <ref>`, with `×<count>` behind it where there is more than one. `no export`: the product
   * refuses to write one; `unreadable`: the verifiers say that there is nothing they could verify.
   */
  finds: Expected;
  /** The same in the export of the organisation beside ours. Where it is left out, nothing. */
  neighbour?: Expected;
  /** Why nothing needs to be found: nothing that is shown to anybody rests on what was changed. */
  harmless?: string;
  /** Why nothing can be found, in what was exported alone. */
  residual?: string;
}

/** Runs one statement that must change something. */
export async function hit(sql: Sql, statement: string): Promise<void> {
  const { count } = await sql.unsafe(statement);
  if (count === 0) throw new Error(`nothing was tampered with: ${statement}`);
}

/** Statements one after the other; each must change something. */
export const statements =
  (...all: string[]): Attack['tamper'] =>
  async ({ sql }) => {
    for (const statement of all) await hit(sql, statement);
  };

/** One attack twice: what is exported alone does not show it, and beside what customers and anchors kept it is found. */
export function insideAndOutside({ name, tamper, residual, finds }: Pick<Attack, 'name' | 'tamper' | 'finds'> & { residual: string }): Attack[] {
  return [
    { name, tamper, finds: [], residual },
    { name: `${name}; beside what was kept outside`, tamper, finds, kept: ['receipts', 'anchors'] },
  ];
}
