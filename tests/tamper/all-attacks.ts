import type { Sql } from '../../db/client.ts';
import type { Attack } from './attack.ts';
import { columnFlips } from './column-flips.ts';
import { HISTORY_ATTACKS } from './history-attacks.ts';
import { PURGE_ATTACKS } from './purge-attacks.ts';
import { ROW_ATTACKS } from './row-attacks.ts';
import { MOMENTS } from './scene/scene.ts';
import { SIGNING_ATTACKS } from './signing-attacks.ts';

export interface AttackGroup {
  title: string;
  attacks: readonly Attack[];
}

/** Every attack there is. `sql` shows the columns of a migrated database. @throws where nobody has said of one what must be found */
export async function allAttacks(sql: Sql): Promise<AttackGroup[]> {
  const groups = [
    { title: 'Nothing changed', attacks: CONTROLS },
    { title: 'One column of one row changed', attacks: await columnFlips(sql) },
    { title: 'Rows deleted, inserted, swapped, duplicated', attacks: ROW_ATTACKS },
    { title: 'History cut off, deleted, written anew', attacks: HISTORY_ATTACKS },
    { title: 'Purged before its time', attacks: PURGE_ATTACKS },
    { title: 'Other keys, older copies', attacks: SIGNING_ATTACKS },
  ];
  const all = groups.flatMap(({ attacks }) => attacks);
  const unexplained = all.filter(
    ({ finds, neighbour = [], harmless, residual }) => finds.length + neighbour.length === 0 && (harmless ?? residual) === undefined,
  );
  if (unexplained.length > 0) throw new Error(`nothing is found, and nobody has said why: ${unexplained.map(({ name }) => name).join(', ')}`);
  if (new Set(all.map(({ name }) => name)).size !== all.length) throw new Error('two attacks have one name');
  return groups;
}

const CONTROLS: readonly Attack[] = MOMENTS.map((moment) => ({
  name: `untouched: ${moment}`,
  on: moment,
  kept: ['receipts', 'anchors', 'vkeys'],
  tamper: () => Promise.resolve(),
  finds: [],
  harmless: 'nothing was changed',
}));

/** A copy that nobody touched, beside the attacks. */
export const isControl = (attack: Attack): boolean => CONTROLS.includes(attack);

/** Some that together show every finding, the signer's refusals and what only outsiders see: as few as do. The same ones every time. */
export function shortSelection(groups: readonly AttackGroup[]): Attack[] {
  const all = groups.flatMap(({ attacks }) => attacks);
  const codesOf = ({ finds }: Attack): string[] => (typeof finds === 'string' ? [finds] : finds.map((finding) => finding.split(' ')[0] ?? ''));
  const wanted = new Set(all.flatMap(codesOf));
  const chosen = new Set(all.filter(({ name }) => /^untouched: (whole|pruned)|^older copy put back, which|signer’s own keys;/.test(name)));
  for (const attack of chosen) for (const code of codesOf(attack)) wanted.delete(code);
  while (wanted.size > 0) {
    const gain = (attack: Attack): number => new Set(codesOf(attack).filter((code) => wanted.has(code))).size;
    const best = all.reduce((one, other) => (gain(other) > gain(one) ? other : one));
    chosen.add(best);
    for (const code of codesOf(best)) wanted.delete(code);
  }
  return all.filter((attack) => chosen.has(attack));
}
