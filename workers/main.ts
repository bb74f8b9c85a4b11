import { DefaultLogger, Runtime } from '@temporalio/worker';
import { pino } from 'pino';
import { ConfigError, readConfig } from './config.ts';
import { startProduct } from './product.ts';

/** `node dist/workers/main.js --role api,decision,hitl,maintenance,signer`: one process of the product; without `--role`, all of it. */
const config = readOrExit();
const logger = pino({
  level: config.logLevel,
  base: { roles: [...config.roles] },
  redact: ['err.query', 'err.parameters', 'err.args', 'error.query', 'error.parameters'],
});
Runtime.install({
  logger: new DefaultLogger('WARN', ({ level, message, meta }) =>
    logger[level === 'ERROR' ? 'error' : 'warn']({ sdk: meta?.['sdkComponent'], reason: String(meta?.['error'] ?? '') }, message),
  ),
  shutdownSignals: [],
});

const product = await startProduct(config, logger).catch((error: unknown) => {
  logger.fatal({ err: error }, 'could not start');
  process.exit(1);
});
logger.info({ url: product.apiUrl }, 'ready');

let stopping = false;
const stop = (signal: string): void => {
  if (stopping) return;
  stopping = true;
  logger.info({ signal }, 'stopping');
  product.stop().then(
    () => process.exit(0),
    (error: unknown) => {
      logger.error({ err: error }, 'did not stop cleanly');
      process.exit(1);
    },
  );
};
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal));
product.ended.catch((error: unknown) => {
  logger.fatal({ err: error }, 'a worker failed');
  process.exit(1);
});

function readOrExit() {
  try {
    return readConfig(process.argv.slice(2), process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}
