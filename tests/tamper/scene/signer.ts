import { pino } from 'pino';
import type { Sql } from '../../../db/client.ts';
import { openSession } from '../../../workers/signer/session.ts';
import { createSigner, type TickReport } from '../../../workers/signer/tick.ts';
import { HOST } from './landmarks.ts';

/** The product's signer on one database; it signs when it is told to. */
export interface SceneSigner {
  /** Everything that is not signed yet, of every organisation, and heartbeats that are due. */
  sign: () => Promise<void>;
  /** One turn, whatever comes of it. */
  tick: () => Promise<TickReport>;
  /** Why it signs nothing, by organisation and of the deployment log. */
  refusals: () => Map<string, string>;
  close: () => Promise<void>;
}

export async function openSceneSigner({
  sql,
  url,
  stateDirectory,
  now,
}: {
  /** One connection, as `mg_signer`; closed with the signer. */
  sql: Sql;
  url: string;
  stateDirectory: string;
  now: () => number;
}): Promise<SceneSigner> {
  const logger = pino({ level: 'silent' });
  const { memory, signatory, close } = await openSession({ sql, config: { databaseUrl: url, stateDirectory, host: HOST, hostIsGiven: true }, logger });
  const { tick } = createSigner({ sql, memory, signatory, now, logger, limits: { dueAgeMs: 0 } });
  return {
    async sign() {
      for (;;) {
        const { refusals, more } = await tick();
        if (refusals > 0) throw new Error('the signer refuses to sign');
        if (!more) return;
      }
    },
    tick,
    refusals() {
      const reasons = [...memory.orgs.values()].flatMap(({ org, refusal }): [string, string][] => (refusal === null ? [] : [[org, refusal.reason]]));
      const deployment = typeof memory.deployment === 'object' ? memory.deployment.refusal : null;
      return new Map(deployment === null ? reasons : [...reasons, ['deployment', deployment.reason]]);
    },
    async close() {
      await close();
      await sql.end({ timeout: 5 });
    },
  };
}
