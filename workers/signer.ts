import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Counter, Gauge, type Registry } from 'prom-client';
import { openDatabase, type Sql } from '../db/client.ts';
import { isDatabaseAway } from '../db/errors.ts';
import { releaseSignerLock } from '../db/queries/signing.ts';
import type { SignerLimits } from './signer/due.ts';
import { openSession, type SignerConfig, SignerProblem } from './signer/session.ts';
import { asksToStandAside } from './signer/state-lock.ts';
import { createSigner, type TickReport } from './signer/tick.ts';

export interface SignerOptions {
  config: SignerConfig;
  logger: Logger;
  metrics: Registry;
  now?: () => number;
  limits?: Partial<SignerLimits>;
  /** Between two looks at the ledgers. */
  pollMs?: number;
}

export interface RunningSigner {
  /** Ends after the turn that is under way. */
  stop: () => Promise<void>;
}

/**
 * Signs checkpoints of every organisation's ledger until it is stopped. Whatever fails is tried again: a database that is away, a full disk,
 * a state directory that another process has. What contradicts the history is not.
 */
export function startSigner({ config, logger, metrics, now = Date.now, limits = {}, pollMs = 1_000 }: SignerOptions): RunningSigner {
  const report = createReport(metrics);
  const tell = createTeller(logger);
  const stopping = new AbortController();
  const sql = openDatabase({
    url: config.databaseUrl,
    ...(config.databaseRole === undefined ? {} : { role: config.databaseRole }),
    // The lock of the one signer belongs to a session, so there is one.
    maxConnections: 1,
    applicationName: 'mastguard signer',
  });
  const pause = (): Promise<void> => sleep(pollMs, undefined, { signal: stopping.signal }).catch(() => undefined);

  async function work(): Promise<void> {
    const session = await openSession({ sql, config, logger });
    try {
      const { tick } = createSigner({ sql, ...session, now, logger, limits });
      while (!stopping.signal.aborted) {
        if ((await asksToStandAside(config.stateDirectory)) !== null) return;
        const result = await tick().catch((error: unknown) => tell.failure(error));
        if (result !== undefined) {
          report(result);
          tell.success(result);
        }
        if (result?.more !== true) await pause();
      }
    } finally {
      await releaseSignerLock(sql).catch(() => undefined);
      await session.close();
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const helper = await asksToStandAside(config.stateDirectory).catch(() => null);
      if (helper === null) {
        await work().catch((error: unknown) => {
          tell.failure(error);
          if (error instanceof SignerProblem && error.code !== 'locked') report({ waits: false, signed: 0, refusals: 1, lagSeconds: 0, more: false });
        });
      } else {
        logger.warn({ pid: helper }, 'standing aside for another process');
      }
      if (!stopping.signal.aborted) await pause();
    }
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
      await endPool(sql);
    },
  };
}

const endPool = (sql: Sql): Promise<void> => sql.end({ timeout: 5 });

function createReport(registry: Registry): (report: TickReport) => void {
  const lag = new Gauge({
    name: 'mastguard_checkpoint_lag_seconds',
    help: 'Age of the oldest entry that no checkpoint covers yet, of all organisations that are signed. Alert above 30.',
    registers: [registry],
  });
  const refusals = new Gauge({
    name: 'mastguard_signer_refusals',
    help: 'Organisations for which nothing is signed, because their history contradicts what was signed. Alert above 0.',
    registers: [registry],
  });
  const signed = new Counter({ name: 'mastguard_checkpoints_signed_total', help: 'Checkpoints of organisations, signed and recorded.', registers: [registry] });
  return (report) => {
    lag.set(report.lagSeconds);
    refusals.set(report.refusals);
    signed.inc(report.signed);
  };
}

/** Logs what goes wrong once, and that it has ended. */
function createTeller(logger: Logger): { failure: (error: unknown) => undefined; success: (report: TickReport) => void } {
  let told: string | undefined;
  let waits = false;
  return {
    failure(error) {
      const { code, message } = error as { code?: string; message?: string };
      const what = `${code ?? ''} ${message ?? ''}`;
      if (what === told) return undefined;
      told = what;
      if (error instanceof SignerProblem) logger[error.code === 'locked' ? 'warn' : 'error']({ reason: error.code }, `nothing is signed: ${error.message}`);
      else if (isDatabaseAway(error)) logger.warn({ reason: what }, 'nothing is signed: the database is away');
      else if (code === 'ENOSPC' || code === 'EDQUOT') logger.error({ reason: what }, 'nothing is signed: there is no room for the state of the signer');
      else logger.error({ err: error }, 'nothing is signed');
      return undefined;
    },
    success(report) {
      if (told !== undefined) logger.info('signing again');
      told = undefined;
      if (report.waits && !waits) logger.warn('another signer works on this database; waiting until it ends');
      waits = report.waits;
    },
  };
}
