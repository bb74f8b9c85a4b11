import type { Logger } from 'pino';
import type { KeyUse } from '../../core/ledger/log-names.ts';
import type { Sql } from '../../db/client.ts';
import { listLogKeys, type LogKeyRow } from '../../db/queries/checkpoints.ts';
import { publishLogKey } from '../../db/queries/signing.ts';
import type { DurableFs } from './durable-file.ts';
import { makePrivateDirectory } from './durable-file.ts';
import { type Memory, openMemory } from './memory.ts';
import type { Signatory } from './next-checkpoint.ts';
import { createKey, KEY_USES, type KeyPair, keysInUse, loadKeys, publishedVkeys, type SigningKeys } from './signing-keys.ts';
import { takeStateLock } from './state-lock.ts';

/** Nothing can be signed at all until somebody has acted. */
export class SignerProblem extends Error {
  readonly code: 'locked' | 'other-host' | 'keys-lost' | 'other-keys';

  constructor(code: SignerProblem['code'], message: string) {
    super(message);
    this.code = code;
  }
}

export interface SignerConfig {
  databaseUrl: string;
  databaseRole?: string;
  stateDirectory: string;
  /** What names of logs begin with; fixed when the signer starts for the first time. */
  host: string;
  /** Set by hand: then it must be the one that was fixed. */
  hostIsGiven: boolean;
}

export interface SignerSession {
  memory: Memory;
  signatory: Signatory;
  close: () => Promise<void>;
}

/** Takes the state directory for this process and makes what is missing in it. `newKeys` makes keys although others are published. */
export async function openSession({
  sql,
  config,
  logger,
  fs,
  newKeys = false,
}: {
  sql: Sql;
  config: SignerConfig;
  logger: Logger;
  fs?: DurableFs | undefined;
  newKeys?: boolean;
}): Promise<SignerSession> {
  await makePrivateDirectory(config.stateDirectory);
  const lock = await takeStateLock(config.stateDirectory);
  if ('holder' in lock) throw new SignerProblem('locked', `process ${lock.holder} signs with ${config.stateDirectory} already`);
  try {
    const memory = await openMemory(config.stateDirectory, fs);
    const host = hostOf(memory, config, logger);
    const published = await listLogKeys(sql);
    const keys = await ensureKeys(memory, published, { host, newKeys, logger });
    for (const key of publishedVkeys(host, keys)) await publishLogKey(sql, key);
    if (memory.installation === null) await memory.keepInstallation({ v: 1, host, retired: [] });
    return { memory, signatory: { host, keys }, close: lock.release };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function hostOf({ installation }: Memory, { host, hostIsGiven }: SignerConfig, logger: Logger): string {
  if (installation === null || installation.host === host) return host;
  if (hostIsGiven) {
    throw new SignerProblem('other-host', `LOG_HOST is ${host}, and the logs of this installation are named after ${installation.host}; a log keeps its name`);
  }
  logger.warn({ host: installation.host }, 'the public URL has another host now; logs keep their name');
  return installation.host;
}

async function ensureKeys(
  { directory, fs }: Memory,
  published: readonly LogKeyRow[],
  { host, newKeys, logger }: { host: string; newKeys: boolean; logger: Logger },
): Promise<SigningKeys> {
  const loaded = await loadKeys(directory);
  const pairOf = async (use: KeyUse): Promise<KeyPair> => {
    const inForce = published.filter((key) => key.use === use && key.retiredAt === null);
    const pair = loaded[use];
    if (pair === null) {
      if (inForce.length > 0 && !newKeys) {
        throw new SignerProblem(
          'keys-lost',
          `the database names a ${use} key, and ${directory} holds none: put ${use}.pem back from its backup, or see docs/signer.md`,
        );
      }
      logger.info({ use }, 'a signing key was made; keep a copy of it');
      return createKey(fs, directory, use);
    }
    return pair;
  };
  const keys: SigningKeys = { log: await pairOf('log'), time: await pairOf('time'), deployment: await pairOf('deployment') };
  if (newKeys) return keys;
  const own = new Set(publishedVkeys(host, keys).map(({ vkey }) => vkey));
  for (const { vkey, use, retiredAt } of published) {
    if (retiredAt === null && !own.has(vkey)) {
      throw new SignerProblem(
        'other-keys',
        `the database names a ${use} key that ${directory} does not hold (${vkey}): another signer signs for it, or another host is set`,
      );
    }
    if (retiredAt !== null && own.has(vkey) && keys[use].next === null) {
      throw new SignerProblem('other-keys', `the ${use} key in ${directory} has been retired: put its successor back from the backup`);
    }
  }
  for (const use of KEY_USES) if (keysInUse(keys[use]).length > 1) logger.info({ use }, 'a key is being replaced');
  return keys;
}
