import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { openSession } from '../../workers/signer/session.ts';
import { createSigner } from '../../workers/signer/tick.ts';
import { openTestPool } from './database.ts';

export interface TestSigner {
  /** Signs whatever is not signed yet, of every organisation it does not refuse; heartbeats where `later` has made one due. */
  sign: () => Promise<void>;
  /** Puts the signer's clock on. */
  later: (ms: number) => void;
  stop: () => Promise<void>;
}

/** The product's signer on a database of a test, which signs when it is told to. */
export async function startTestSigner(adminUrl: string, host = 'ledger.example.com'): Promise<TestSigner> {
  const logger = pino({ level: 'fatal' });
  const stateDirectory = await mkdtemp(join(tmpdir(), 'mastguard-signer-'));
  const sql = openTestPool({ url: adminUrl, role: 'mg_signer', maxConnections: 1 });
  const session = await openSession({ sql, config: { databaseUrl: adminUrl, stateDirectory, host, hostIsGiven: true }, logger });
  let offsetMs = 0;
  const signer = createSigner({
    sql,
    memory: session.memory,
    signatory: session.signatory,
    now: () => Date.now() + offsetMs,
    logger,
    limits: { dueAgeMs: 0 },
  });
  return {
    async sign() {
      for (;;) {
        const { more } = await signer.tick();
        if (!more) return;
      }
    },
    later(ms) {
      offsetMs += ms;
    },
    async stop() {
      await session.close();
      await sql.end({ timeout: 5 });
      await rm(stateDirectory, { recursive: true });
    },
  };
}
