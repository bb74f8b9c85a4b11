import { createHash, randomBytes } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAnchorActivities } from '../../../activities/anchor-checkpoints.ts';
import { createDirectoryAnchor } from '../../../activities/anchors/directory-anchor.ts';
import { keysOfOrg } from '../../../core/ledger/log-names.ts';
import type { Sql } from '../../../db/client.ts';
import { sha256 } from '../../../db/ledger-primitives.ts';
import { listLogKeys } from '../../../db/queries/checkpoints.ts';
import type { Receipt } from '../../../schemas/decision.ts';
import { openDatabases, type Databases } from './databases.ts';
import { AT, ORIGIN, OURS, SIZES } from './landmarks.ts';
import { openStage, type Stage } from './stage.ts';
import { eighthDay, FIRST_DAY_MS, firstDay, pruning } from './story.ts';

/** One history at three times: an older copy, the one that is mostly attacked, and the same with its first entries pruned. */
export const MOMENTS = ['early', 'whole', 'pruned'] as const;
export type Moment = (typeof MOMENTS)[number];

/** What there was at one moment, inside and outside the database. */
export interface Snapshot {
  /** To be cloned; nobody is connected to it. */
  database: string;
  nowMs: number;
  /** The signer's memory and keys, as they were then. */
  signerDirectory: string;
  /** What the customer kept: every answer to an event, in ledger order. */
  receipts: readonly Receipt[];
  /** Checkpoints of our ledger that the anchor kept, by file name. */
  anchors: ReadonlyMap<string, string>;
}

export interface Scene {
  databases: Databases;
  moments: Record<Moment, Snapshot>;
  /** Verifier keys as the customer wrote them down. */
  vkeys: readonly string[];
  close: () => Promise<void>;
}

/** Lives through the story on databases made from `template`, a migrated one, on a real server. */
export async function buildScene({ serverUrl, template }: { serverUrl: string; template: string }): Promise<Scene> {
  const databases = openDatabases(serverUrl);
  const directory = await mkdtemp(join(tmpdir(), 'mastguard-tamper-'));
  const name = `mg_tamper_${randomBytes(4).toString('hex')}`;
  const masterKey = createHash('sha256').update('the key of a scene').digest();
  const [signerDirectory, anchorDirectory] = [join(directory, 'signer'), join(directory, 'anchor')];
  await mkdir(anchorDirectory);
  const receipts: Receipt[] = [];
  const moments = {} as Record<Moment, Snapshot>;
  let vkeys: string[] = [];

  const close = async (): Promise<void> => {
    for (const moment of MOMENTS) await databases.drop(`${name}_${moment}`);
    await databases.close();
    await rm(directory, { recursive: true, force: true });
  };

  const live = async (moment: Moment, from: string, story: (stage: Stage) => Promise<void>): Promise<void> => {
    const database = `${name}_${moment}`;
    await databases.clone(from, database);
    const startMs = moments.whole?.nowMs ?? moments.early?.nowMs ?? FIRST_DAY_MS;
    const stage = await openStage({ databases, database, startMs, masterKey, signerDirectory, prefix: moment });
    try {
      await story(stage);
      await showAnchor(stage.sql, anchorDirectory);
      vkeys = keysOfOrg(await listLogKeys(stage.sql), OURS, sha256).map(({ vkey }) => vkey);
    } finally {
      await stage.close();
    }
    receipts.push(...stage.receipts);
    const copy = join(directory, `signer-${moment}`);
    await cp(signerDirectory, copy, { recursive: true });
    moments[moment] = {
      database,
      nowMs: stage.clock.nowMs(),
      signerDirectory: copy,
      receipts: [...receipts],
      anchors: await notesIn(join(anchorDirectory, ORIGIN, 'checkpoint')),
    };
  };

  try {
    await live('early', template, firstDay);
    await live('whole', moments.early.database, async (stage) => {
      await eighthDay(stage);
      await assertLandmarks(stage.admin);
    });
    await live('pruned', moments.whole.database, pruning);
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
  return { databases, moments, vkeys, close };
}

async function showAnchor(sql: Sql, path: string): Promise<void> {
  const refuse = (): never => {
    throw new Error('the anchor did not take a checkpoint');
  };
  const anchors = [createDirectoryAnchor({ path })];
  const activities = createAnchorActivities({ sql, anchors, report: { state: () => undefined, unavailable: refuse, refused: refuse } });
  while ((await activities.publishToAnchor({ anchor: 'directory' })).more);
}

async function notesIn(folder: string): Promise<Map<string, string>> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.note')).toSorted();
  return new Map(await Promise.all(files.map(async (file): Promise<[string, string]> => [file, await readFile(join(folder, file), 'utf8')])));
}

/** What attacks name by number is there under that number. */
async function assertLandmarks(admin: Sql): Promise<void> {
  const kinds = await admin<{ seq: number; kind: number }[]>`
    select seq, kind from ledger_entry where org_id = ${OURS} and seq in ${admin([AT.resumed, AT.event, AT.blocked, AT.violation, AT.asked, AT.step, AT.audit, AT.purge])} order by seq`;
  const sizes = await admin<{ size: number }[]>`select size from ledger_checkpoint where org_id = ${OURS} order by number`;
  const [head] = await admin<{ next: number }[]>`select next_seq as next from ledger_head where org_id = ${OURS}`;
  const [purge] = await admin<{ type: string }[]>`select type from audit_records where org_id = ${OURS} and seq = ${AT.purge}`;
  const found = JSON.stringify([kinds.map(({ kind }) => kind), sizes.map(({ size }) => size), head?.next, purge?.type]);
  const wanted = JSON.stringify([[3, 1, 1, 4, 1, 2, 3, 3], SIZES, AT.entries, 'ledger.purged']);
  if (found !== wanted) throw new Error(`the scene is not what its landmarks say: ${found} instead of ${wanted}`);
}
