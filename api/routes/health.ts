import { Router } from 'express';
import type { Logger } from 'pino';
import type { Sql } from '../../db/client.ts';
import { assertMigrated } from '../../db/queries/readiness.ts';
import { contextOf } from '../context.ts';
import type { GovernanceRuntime } from '../governance-runtime.ts';

const CHECK_TIMEOUT_MS = 2_000;

/** `/health/live`: the process serves. `/health/ready`: it can take decisions; 503 names the part that cannot. */
export function healthRoutes({ sql, runtime, logger }: { sql: Sql; runtime: GovernanceRuntime; logger: Logger }): Router {
  const checks: Record<string, () => Promise<unknown>> = {
    database: () => sql`select 1`,
    migrations: () => assertMigrated(sql),
    decisions: () => runtime.assertReady(),
  };
  const router = Router();

  router.get('/health/live', (_req, res) => {
    contextOf(res).routePath = '/health/live';
    res.json({ status: 'live' });
  });

  router.get('/health/ready', async (_req, res) => {
    contextOf(res).routePath = '/health/ready';
    const parts = Object.fromEntries(
      await Promise.all(
        Object.entries(checks).map(async ([name, check]) => {
          const error = await failureOf(check);
          if (error !== null) logger.warn({ part: name, err: error }, 'not ready');
          return [name, error === null ? 'ready' : 'not ready'] as const;
        }),
      ),
    );
    const isReady = Object.values(parts).every((state) => state === 'ready');
    res.status(isReady ? 200 : 503).json({ status: isReady ? 'ready' : 'not ready', parts });
  });

  return router;
}

/** Null when the check passed in time. */
async function failureOf(check: () => Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)), CHECK_TIMEOUT_MS);
  });
  try {
    await Promise.race([check(), late]);
    return null;
  } catch (error) {
    return error ?? new Error('failed');
  } finally {
    clearTimeout(timer);
  }
}
