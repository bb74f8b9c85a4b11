import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import type { Sql } from '../../db/client.ts';
import type { SignerLimits } from '../../workers/signer/due.ts';
import type { DurableFs } from '../../workers/signer/durable-file.ts';
import type { Memory } from '../../workers/signer/memory.ts';
import type { Signatory } from '../../workers/signer/next-checkpoint.ts';
import { openSession, type SignerConfig } from '../../workers/signer/session.ts';
import { createSigner, type TickReport } from '../../workers/signer/tick.ts';
import { openTestPool } from './database.ts';
import { until } from './until.ts';

export const SIGNER_HOST = 'ledger.example.com';

/** The signer of a test, turn by turn: the product's own code on a state directory and a clock of the test. */
export interface SignerTurns {
  directory: string;
  /** As `mg_signer`, one connection: the signer's own. */
  sql: Sql;
  memory: Memory;
  signatory: Signatory;
  /** Messages of what was logged, oldest first. */
  logged: { level: number; msg: string; [key: string]: unknown }[];
  tick: () => Promise<TickReport>;
  /** Puts the signer's clock on. */
  later: (ms: number) => void;
  now: () => number;
  /** Lets go of the state directory, and leaves it. */
  close: () => Promise<void>;
}

export interface TurnOptions {
  directory?: string;
  fs?: DurableFs;
  limits?: Partial<SignerLimits>;
  /** Ahead of the machine's clock. */
  aheadMs?: number;
  /** A clock that stands at this time and moves with `later` alone. */
  atMs?: number;
  host?: string;
}

/** By default every unsigned entry is due at once. */
export async function openTurns(
  adminUrl: string,
  { directory = newStateDirectory(), fs, limits = { dueAgeMs: 0 }, aheadMs = 0, atMs, host }: TurnOptions = {},
): Promise<SignerTurns> {
  const logged: SignerTurns['logged'] = [];
  const lines = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged.push(JSON.parse(chunk.toString()) as SignerTurns['logged'][number]);
      done();
    },
  });
  const logger = pino({ level: 'debug' }, lines);
  const sql = openTestPool({ url: adminUrl, role: 'mg_signer', maxConnections: 1 });
  const config: SignerConfig = { databaseUrl: adminUrl, stateDirectory: directory, host: host ?? SIGNER_HOST, hostIsGiven: true };
  let offsetMs = aheadMs;
  const now = (): number => (atMs ?? Date.now()) + offsetMs;
  try {
    const { memory, signatory, close } = await openSession({ sql, config, logger, fs });
    const { tick } = createSigner({ sql, memory, signatory, now, logger, limits });
    return {
      directory,
      sql,
      memory,
      signatory,
      logged,
      tick,
      later(ms) {
        offsetMs += ms;
      },
      now,
      async close() {
        await close();
        await sql.end({ timeout: 5 });
        await untilSignerLockIsFree(adminUrl);
      },
    };
  } catch (error) {
    await sql.end({ timeout: 5 });
    throw error;
  }
}

/** The server needs a moment to notice that a session has ended, and the lock with it. Whoever signs next would wait for its turn until then. */
export async function untilSignerLockIsFree(databaseUrl: string): Promise<void> {
  const url = new URL(databaseUrl);
  const name = url.pathname.slice(1);
  // The database itself may have been dropped.
  url.pathname = '/postgres';
  const sql = openTestPool({ url: url.href, maxConnections: 1 });
  try {
    await until(async () => {
      const holders = await sql`
        select from pg_locks l join pg_database d on d.oid = l.database
        where d.datname = ${name} and l.locktype = 'advisory' and ((l.classid::bigint << 32) | l.objid::bigint) = hashtext('mg_signer')::bigint`;
      return holders.length === 0;
    });
  } finally {
    await sql.end({ timeout: 5 });
  }
}

const made = new Set<string>();

export function newStateDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'mastguard-signer-'));
  made.add(directory);
  return directory;
}

export function removeStateDirectories(): void {
  for (const directory of made) rmSync(directory, { recursive: true, force: true });
  made.clear();
}
