import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sql } from '../../db/client.ts';
import type { Attack, Expected, Kept } from './attack.ts';
import { exportTo } from './export.ts';
import { NEIGHBOUR, OURS } from './scene/landmarks.ts';
import type { Scene, Snapshot } from './scene/scene.ts';
import { type Verdict, type Verifier, VERIFIERS } from './verifiers.ts';
import { openTestPool } from '../support/database.ts';

/** What was found; `no export` where the product refused to write one. */
export type Outcome = Verdict | 'no export';

export interface AttackResult {
  attack: Attack;
  /** By verifier, in the order of `VERIFIERS`. */
  ours: Outcome[];
  /** The same; of the first one alone where nothing is expected. */
  neighbour: Outcome[];
  /** Both found what they had to find, and nothing else. */
  isExpected: boolean;
  /** Something had to be found, and neither verifier found anything. */
  isMissed: boolean;
}

/** Clones the history, attacks the clone, exports it with the product's own code, and lets both verifiers look at the export. */
export async function runAttack(scene: Scene, attack: Attack, name: string): Promise<AttackResult> {
  const { databases, moments } = scene;
  const before = moments[attack.on ?? 'whole'];
  const directory = await mkdtemp(join(tmpdir(), 'mastguard-tamper-'));
  await databases.clone(before.database, name);
  try {
    await asAttacker(databases.urlOf(name), (sql) => attack.tamper({ sql, url: databases.urlOf(name), scene, before }));
    const outside = { kept: attack.kept ?? [], ...moments[attack.keptAt ?? attack.on ?? 'whole'] };
    const vkeys = outside.kept.includes('vkeys') ? scene.vkeys : [];
    const sql = openTestPool({ url: databases.urlAs(name, 'mg_app'), maxConnections: 2 });
    try {
      const ours = await verdicts(join(directory, 'ours'), { sql, orgId: OURS, outside, vkeys });
      // Mostly nothing: then one verifier is enough to see that it is so.
      const asked = attack.neighbour === undefined ? VERIFIERS.slice(0, 1) : VERIFIERS;
      const neighbour = await verdicts(join(directory, 'neighbour'), { sql, orgId: NEIGHBOUR, outside: NOTHING, vkeys: [], verifiers: asked });
      const isExpected = ours.every((outcome) => isSame(outcome, attack.finds)) && neighbour.every((outcome) => isSame(outcome, attack.neighbour ?? []));
      const isMissed =
        ![attack.finds, attack.neighbour ?? []].every((finds) => finds.length === 0) && [...ours, ...neighbour].every((outcome) => outcome.length === 0);
      return { attack, ours, neighbour, isExpected, isMissed };
    } finally {
      await sql.end({ timeout: 5 });
    }
  } finally {
    await databases.drop(name);
    await rm(directory, { recursive: true, force: true });
  }
}

/** A superuser for whom no trigger fires. */
async function asAttacker(url: string, attack: (sql: Sql) => Promise<void>): Promise<void> {
  const past = new URL(url);
  past.searchParams.set('session_replication_role', 'replica');
  const sql = openTestPool({ url: past.href, maxConnections: 1 });
  try {
    await attack(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

type Outside = Pick<Snapshot, 'receipts' | 'anchors'> & { kept: readonly Kept[] };
const NOTHING: Outside = { kept: [], receipts: [], anchors: new Map() };

async function verdicts(
  directory: string,
  {
    sql,
    orgId,
    outside,
    vkeys,
    verifiers = VERIFIERS,
  }: { sql: Sql; orgId: string; outside: Outside; vkeys: readonly string[]; verifiers?: readonly Verifier[] },
): Promise<Outcome[]> {
  const { kept, receipts, anchors } = outside;
  const isWritten = await exportTo(directory, sql, orgId).catch((error: unknown) => {
    // What the export's proof is made of is gone. Everything else that goes wrong is a mistake of the attack.
    if (error instanceof RangeError) return false;
    throw error;
  });
  if (!isWritten) return verifiers.map(() => 'no export');
  if (kept.includes('receipts')) await writeFile(join(directory, 'receipts.ndjson'), receipts.map((receipt) => `${JSON.stringify(receipt)}\n`).join(''));
  if (kept.includes('anchors')) {
    await mkdir(join(directory, 'anchors'));
    for (const [file, note] of anchors) await writeFile(join(directory, 'anchors', file), note);
  }
  return Promise.all(verifiers.map(({ verify }) => verify(directory, vkeys)));
}

const isSame = (outcome: Outcome, expected: Expected): boolean =>
  typeof outcome === 'string' || typeof expected === 'string' ? outcome === expected : outcome.join('\n') === expected.join('\n');
