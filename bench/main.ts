import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

/** `npm run bench -- <name> [--seconds n]`. Each is loaded when it is asked for. */
const benches: Record<string, (options: BenchOptions) => Promise<void>> = {
  decision: async ({ seconds }) => (await import('./decision.ts')).runDecisionBench(seconds === undefined ? {} : { seconds }),
  reviews: async () => (await import('./reviews.ts')).runReviewsBench(),
  overload: async () => (await import('./overload.ts')).runOverloadBench(),
  otlp: async ({ seconds }) => (await import('./otlp.ts')).runOtlpBench(seconds === undefined ? {} : { seconds }),
  policy: async () => (await import('./policy.ts')).runPolicyBench(),
  purge: async () => {
    const { runPurgeBench } = await import('./purge.ts');
    await withPostgres((databaseUrl) => runPurgeBench({ databaseUrl }));
  },
  verify: async () => (await import('./verify.ts')).runVerifyBench(),
  wrapper: async () => (await import('./wrapper.ts')).runWrapperBench(),
  ledger: async ({ seconds }) => {
    const { runLedgerBench } = await import('./ledger.ts');
    await withPostgres((databaseUrl) => runLedgerBench({ databaseUrl, ...(seconds === undefined ? {} : { seconds }) }));
  },
};

interface BenchOptions {
  seconds: number | undefined;
}

const { positionals, values } = parseArgs({ allowPositionals: true, options: { seconds: { type: 'string' } } });
const run = benches[positionals[0] ?? ''];
const seconds = values.seconds === undefined ? undefined : Number(values.seconds);
if (run === undefined || positionals.length !== 1 || (seconds !== undefined && !(seconds > 0))) {
  process.stderr.write(`usage: npm run bench -- ${Object.keys(benches).join('|')} [--seconds n]\n`);
  process.exitCode = 2;
} else {
  await run({ seconds });
}

function interrupted(): never {
  process.exit(130);
}

/** On the server of `DATABASE_URL`, or on an embedded one for the time of the benchmark. */
async function withPostgres(use: (databaseUrl: string) => Promise<void>): Promise<void> {
  const given = process.env['DATABASE_URL'];
  if (given !== undefined) {
    await use(given);
    return;
  }
  const scripts = await loadServerScripts();
  const directory = await mkdtemp(join(tmpdir(), 'mastguard-bench-'));
  // The server's account must be able to pass through.
  await chmod(directory, 0o711);
  const children = scripts.createChildren({ logDirectory: directory, recordFile: join(directory, 'children.json') });
  const onExit = (): void => children.killAll();
  process.once('exit', onExit).once('SIGINT', interrupted).once('SIGTERM', interrupted);
  const roots = [directory];
  try {
    const { adminUrl, root } = await scripts.startPostgres({ children, directory: join(directory, 'postgres'), password: 'benchmark', port: 15_533 });
    roots.push(root);
    await use(adminUrl);
  } finally {
    await children.stopAll();
    process.off('exit', onExit).off('SIGINT', interrupted).off('SIGTERM', interrupted);
    for (const each of roots) await rm(each, { recursive: true, force: true });
  }
}

interface Children {
  stopAll(): Promise<void>;
  killAll(): void;
}

interface ServerScripts {
  createChildren(options: { logDirectory: string; recordFile: string }): Children;
  startPostgres(options: { children: Children; directory: string; password: string; port: number }): Promise<{ adminUrl: string; root: string }>;
}

/** The scripts are plain modules outside the build, so they are found from the checkout's root: two levels up once compiled. */
async function loadServerScripts(): Promise<ServerScripts> {
  const root = join(import.meta.dirname, import.meta.filename.endsWith('.js') ? '../..' : '..');
  const load = (file: string): Promise<unknown> => import(pathToFileURL(join(root, 'scripts/lib', file)).href);
  const [child, postgres] = await Promise.all([load('child.mjs'), load('postgres-server.mjs')]);
  return { ...(child as Pick<ServerScripts, 'createChildren'>), ...(postgres as Pick<ServerScripts, 'startPostgres'>) };
}
