import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { openDatabase } from '../db/client.ts';
import { holdSignerLock, releaseSignerLock } from '../db/queries/signing.ts';
import type { KeyUse } from '../core/ledger/log-names.ts';
import { ConfigError, readSignerConfig, readStateDirectory } from './config.ts';
import { durableFs, readIfThere } from './signer/durable-file.ts';
import { installationOf, openMemory } from './signer/memory.ts';
import { createOwnership } from './signer/own-checkpoints.ts';
import { giveUpLostKeys, orgsToRebuild, rebuildDeployment, rebuildOrg } from './signer/rebuild.ts';
import { openSession, type SignerConfig, SignerProblem } from './signer/session.ts';
import { KEY_USES, layNextKey, loadKeys } from './signer/signing-keys.ts';
import { askToStandAside } from './signer/state-lock.ts';

const USAGE = `npm run signer -- status                        what is remembered, which keys sign, what is refused
npm run signer -- rotate [log|time|deployment]   lays a new key beside the one that signs; the signer replaces it
npm run signer -- rebuild [--org <id>]… [--forget] [--new-keys]
    verifies ledgers against their newest checkpoint and remembers them anew: those that are refused or lost, or those named.
    --forget takes what the database has even where something else was signed; the ledgers say so. See docs/signer.md.
    --new-keys makes new keys where the old ones are lost.
`;

/** `npm run signer -- <command>`. Exit code 0, 1 where something is refused, 2 where the command could not run. */
try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { org: { type: 'string', multiple: true }, forget: { type: 'boolean', default: false }, 'new-keys': { type: 'boolean', default: false } },
  });
  const [command = '', argument = 'log', ...rest] = positionals;
  const stateDirectory = readStateDirectory(process.env);
  if (command === 'status' && positionals.length === 1) process.exitCode = await status(stateDirectory);
  else if (command === 'rotate' && rest.length === 0 && KEY_USES.some((use) => use === argument))
    process.exitCode = await rotate(stateDirectory, argument as KeyUse);
  else if (command === 'rebuild' && positionals.length === 1) {
    process.exitCode = await rebuild(readSignerConfig(await withRunningDatabase(process.env)), {
      orgs: values.org ?? [],
      forget: values.forget,
      newKeys: values['new-keys'],
    });
  } else {
    process.stderr.write(USAGE);
    process.exitCode = 2;
  }
} catch (error) {
  const expected = error instanceof SignerProblem || error instanceof ConfigError;
  process.stderr.write(`${error instanceof Error ? (expected ? error.message : (error.stack ?? error.message)) : String(error)}\n`);
  process.exitCode = 2;
}

/** Beside a running `npm start`, which writes down where its database is. */
async function withRunningDatabase(env: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
  if ((env['SIGNER_DATABASE_URL'] ?? '') !== '' || (env['DATABASE_URL'] ?? '') !== '') return env;
  const runtime = await readIfThere(join(env['MASTGUARD_HOME'] ?? '.mastguard', 'runtime.json'));
  const { databaseUrl } = JSON.parse(runtime ?? '{}') as { databaseUrl?: string };
  return databaseUrl === undefined ? env : { ...env, DATABASE_URL: databaseUrl };
}

async function status(stateDirectory: string): Promise<number> {
  const memory = await openMemory(stateDirectory);
  const keys = await loadKeys(stateDirectory);
  const refused = [...memory.orgs.values()].flatMap(({ org, refusal }) => (refusal === null ? [] : [{ org, ...refusal }]));
  const { deployment } = memory;
  print({
    host: memory.installation?.host ?? null,
    organisations: memory.orgs.size,
    keys: KEY_USES.map((use) => ({ use, current: keys[use]?.current.id ?? null, next: keys[use]?.next?.id ?? null })),
    deployment: typeof deployment === 'object' ? { size: deployment.position?.size ?? 0, refusal: deployment.refusal } : (deployment ?? null),
    refused,
    damaged: [...memory.damaged.keys()],
  });
  const isDeploymentSigned = deployment === undefined || (typeof deployment === 'object' && deployment.refusal === null);
  return refused.length + memory.damaged.size === 0 && isDeploymentSigned ? 0 : 1;
}

async function rotate(stateDirectory: string, use: KeyUse): Promise<number> {
  if ((await loadKeys(stateDirectory))[use] === null)
    throw new SignerProblem('keys-lost', `${stateDirectory} holds no ${use} key; the signer makes one when it starts`);
  const laid = await layNextKey(durableFs, stateDirectory, use);
  print({ use, state: laid ? 'the signer takes the new key up with its next turn' : 'a key of this use is being replaced already' });
  return laid ? 0 : 1;
}

async function rebuild(config: SignerConfig, { orgs, forget, newKeys }: { orgs: string[]; forget: boolean; newKeys: boolean }): Promise<number> {
  const logger = pino({ level: 'warn' }, pino.destination(2));
  const request = await askToStandAside(config.stateDirectory);
  if ('holder' in request) throw new SignerProblem('locked', `process ${request.holder} works on ${config.stateDirectory} already`);
  const sql = openDatabase({
    url: config.databaseUrl,
    ...(config.databaseRole === undefined ? {} : { role: config.databaseRole }),
    maxConnections: 1,
    applicationName: 'mastguard signer rebuild',
    connectTimeoutMs: 5_000,
  });
  try {
    const session = await whenFree(() => openSession({ sql, config, logger, newKeys }));
    try {
      await whenFree(async () => {
        if ((await holdSignerLock(sql)) === 'other') throw new SignerProblem('locked', 'another signer works on this database');
      });
      const { memory, signatory } = session;
      const lost = newKeys ? await giveUpLostKeys(sql, memory, signatory) : [];
      const parts = { sql, memory, host: signatory.host, isOurs: createOwnership(installationOf(memory), signatory.keys), now: Date.now, forget, lost };
      const results = [];
      if (orgs.length === 0 || typeof memory.deployment !== 'object' || memory.deployment.refusal !== null) results.push(await rebuildDeployment(parts));
      for (const org of orgs.length > 0 ? orgs : await orgsToRebuild(sql, memory)) results.push(await rebuildOrg(org, parts));
      for (const result of results) print(result);
      return results.every(({ problem }) => problem === null) ? 0 : 1;
    } finally {
      await releaseSignerLock(sql).catch(() => undefined);
      await session.close();
    }
  } finally {
    await sql.end({ timeout: 5 });
    await request.withdraw();
  }
}

/** A running signer stands aside within a turn. */
async function whenFree<T>(take: () => Promise<T>, timeoutMs = 60_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await take();
    } catch (error) {
      if (!(error instanceof SignerProblem) || error.code !== 'locked' || Date.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
