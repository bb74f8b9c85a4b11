import type { Logger } from 'pino';
import { createRetentionActivities, type RetentionActivities } from '../activities/retention.ts';
import { openDatabase } from '../db/client.ts';
import { beat } from './beat.ts';
import type { ServerConfig } from './config.ts';

export interface Retention {
  activities: RetentionActivities;
  close: () => Promise<void>;
}

/** The purge on its own connection: the one role that may delete, by its functions only. Null where none is configured: then nothing is purged. */
export function createRetention({ purge }: Pick<ServerConfig, 'purge'>, logger: Logger): Retention | null {
  if (purge === undefined) {
    logger.warn('no PURGE_DATABASE_URL: what is due stays');
    return null;
  }
  const sql = openDatabase({
    url: purge.databaseUrl,
    ...(purge.databaseRole === undefined ? {} : { role: purge.databaseRole }),
    maxConnections: 2,
    applicationName: 'mastguard purge',
    // A whole partition is proved and dropped in one statement.
    statementTimeoutMs: 60_000,
  });
  return {
    activities: createRetentionActivities({
      sql,
      beat,
      reportFailure: (orgId, err) => logger.error({ orgId, err }, 'the ledger of an organisation could not be purged'),
    }),
    close: () => sql.end({ timeout: 5 }),
  };
}
