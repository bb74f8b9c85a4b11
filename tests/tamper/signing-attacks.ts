import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { orgLogName } from '../../core/ledger/log-names.ts';
import { newPrivateKeyPem, readPrivateKeyPem } from '../../workers/signer/private-key.ts';
import { vkeyOf } from '../../workers/signer/signing-keys.ts';
import type { Attack, AttackedDatabase } from './attack.ts';
import { hit } from './attack.ts';
import { resign, rewriteChain, stealKeys, type StolenKeys, tellAnotherStory } from './rewrite.ts';
import { AT, HOST, OURS } from './scene/landmarks.ts';
import type { Moment } from './scene/scene.ts';
import { openSceneSigner } from './scene/signer.ts';
import { openTestPool } from '../support/database.ts';

const ours = `org_id = '${OURS}'`;

/** Our log is signed with another key; the deployment log and the time as before. */
const keysOfOurOwn = async ({ before }: AttackedDatabase): Promise<StolenKeys> => ({
  ...(await stealKeys(before.signerDirectory)),
  log: readPrivateKeyPem(newPrivateKeyPem()),
});

const retell = async ({ sql }: AttackedDatabase): Promise<void> => {
  await tellAnotherStory(sql);
  await rewriteChain(sql, AT.blocked);
};

/** Lets the product's signer look at the database with what it remembered at a moment. It must sign nothing for us, for this reason. */
const signerRefuses = async ({ url, scene, before }: AttackedDatabase, { remembered, reason }: { remembered: Moment; reason: string }): Promise<void> => {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'mastguard-tamper-'));
  await cp(scene.moments[remembered].signerDirectory, stateDirectory, { recursive: true });
  const sql = openTestPool({ url, role: 'mg_signer', maxConnections: 1 });
  const signer = await openSceneSigner({ sql, url, stateDirectory, now: () => Math.max(before.nowMs, scene.moments[remembered].nowMs) });
  try {
    await signer.tick();
    const refused = signer.refusals().get(OURS);
    if (refused !== reason) throw new Error(`the signer should have refused with ${reason}, and it was ${refused}`);
  } finally {
    await signer.close();
    await rm(stateDirectory, { recursive: true, force: true });
  }
};

const KEYS = 'an export names the keys it is verified with; whoever wrote them down before gives them to the verifier';
const OUTSIDE = { kept: ['receipts', 'anchors'] } as const;

/** Keys of somebody else, older copies, and what the signer makes of it. */
export const SIGNING_ATTACKS: readonly Attack[] = [
  {
    name: 'history written anew and signed with another key',
    async tamper(database) {
      await retell(database);
      await resign(database.sql, await keysOfOurOwn(database));
    },
    finds: [`BAD_SIGNATURE checkpoint:1 ×${AT.checkpoints}`, 'MISSING_HEARTBEAT checkpoint:11', 'TILE_MISMATCH tile:0/0 ×2'],
  },
  {
    name: 'history written anew and signed with another key, published in the place of the log’s',
    async tamper(database) {
      await retell(database);
      const keys = await keysOfOurOwn(database);
      await resign(database.sql, keys);
      await hit(database.sql, `update log_key set vkey = '${vkeyOf(orgLogName(HOST), 'log', keys.log)}' where use = 'log'`);
    },
    finds: [],
    residual: KEYS,
    neighbour: ['BAD_SIGNATURE checkpoint:1 ×5', 'MISSING_HEARTBEAT checkpoint:6'],
  },
  {
    name: 'history written anew and signed with another key, published beside the log’s',
    async tamper(database) {
      await retell(database);
      const keys = await keysOfOurOwn(database);
      await resign(database.sql, keys);
      await hit(
        database.sql,
        `insert into log_key select '${vkeyOf(orgLogName(HOST), 'log', keys.log)}', name, use, created_at, retired_at from log_key where use = 'log'`,
      );
    },
    finds: [],
    residual: KEYS,
  },
  {
    name: 'history written anew and signed with another key, published beside the log’s; verified with the keys of before',
    kept: ['vkeys'],
    async tamper(database) {
      await retell(database);
      const keys = await keysOfOurOwn(database);
      await resign(database.sql, keys);
      await hit(
        database.sql,
        `insert into log_key select '${vkeyOf(orgLogName(HOST), 'log', keys.log)}', name, use, created_at, retired_at from log_key where use = 'log'`,
      );
    },
    finds: [`BAD_SIGNATURE checkpoint:1 ×${AT.checkpoints}`, 'MISSING_HEARTBEAT checkpoint:11', 'TILE_MISMATCH tile:0/0 ×2'],
  },
  {
    name: 'older copy put back; beside what was kept outside',
    on: 'early',
    keptAt: 'whole',
    ...OUTSIDE,
    tamper: () => Promise.resolve(),
    finds: ['RECEIPT_NOT_IN_LOG receipt:311 ×352', 'TRUNCATED anchor:000000000005.note ×6', 'TRUNCATED receipt:311 ×352'],
  },
  {
    name: 'older copy put back, which the signer refuses; beside what was kept outside',
    on: 'early',
    keptAt: 'whole',
    ...OUTSIDE,
    tamper: (database) => signerRefuses(database, { remembered: 'whole', reason: 'size-went-backwards' }),
    // Its refusal is an entry of its own.
    finds: [
      'INCONSISTENT_CHECKPOINTS anchor:000000000005.note',
      'RECEIPT_NOT_IN_LOG receipt:311 ×352',
      'TRUNCATED anchor:000000000006.note ×5',
      'TRUNCATED receipt:311 ×352',
    ],
  },
  {
    name: 'history written anew, which the signer refuses',
    async tamper(database) {
      await retell(database);
      await signerRefuses(database, { remembered: 'whole', reason: 'history-inconsistent' });
    },
    finds: ['ROOT_MISMATCH checkpoint:7'],
  },
  {
    name: 'newest checkpoints deleted, which the signer refuses',
    async tamper(database) {
      await hit(database.sql, `delete from ledger_checkpoint where ${ours} and number >= 9`);
      await hit(database.sql, `update ledger_head set checkpoint_size = 640 where ${ours}`);
      await signerRefuses(database, { remembered: 'whole', reason: 'checkpoints-inconsistent' });
    },
    finds: ['PROJECTION_MISMATCH entry:641 ×27'],
  },
  {
    name: 'checkpoints signed with another key, which the signer refuses',
    async tamper(database) {
      const keys = await keysOfOurOwn(database);
      await resign(database.sql, keys);
      await signerRefuses(database, { remembered: 'whole', reason: 'checkpoints-inconsistent' });
    },
    finds: [`BAD_SIGNATURE checkpoint:1 ×${AT.checkpoints}`, 'MISSING_HEARTBEAT checkpoint:11', 'TILE_MISMATCH tile:0/0 ×2'],
  },
];
