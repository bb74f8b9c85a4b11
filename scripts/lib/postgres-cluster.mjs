import { chownSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandLineOf, isAlive, stopProcess } from './processes.mjs';
import { runOrThrow } from './run.mjs';

export const superuser = 'postgres';

/**
 * The data directory, made on the first call. Made under another name and renamed: half a cluster is never mistaken for one.
 * @param {import('./postgres-place.mjs').PostgresPlace} place
 * @param {string} password of the superuser
 */
export async function ensureCluster({ native, root, account }, password) {
  const data = join(root, 'data');
  if (existsSync(join(data, 'PG_VERSION'))) {
    const version = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim();
    if (version !== '18')
      throw new Error(`${data} was written by PostgreSQL ${version}, this is PostgreSQL 18: dump it with the old version and load it with the new`);
    return data;
  }
  const unfinished = join(root, 'data.new');
  rmSync(unfinished, { recursive: true, force: true });
  const scratch = mkdtempSync(join(root, 'init-'));
  try {
    const passwordFile = join(scratch, 'password');
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
    if (account !== undefined) for (const path of [scratch, passwordFile]) chownSync(path, account.uid, account.gid);
    const collation = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
    await runOrThrow(
      'initdb',
      join(native, 'bin', 'initdb'),
      ['--pgdata', unfinished, '--username', superuser, '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--data-checksums', ...collation],
      {
        account,
        cwd: root,
        env: postgresEnvironment(),
      },
    );
    renameSync(unfinished, data);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return data;
}

/**
 * Makes the way free after a start that was killed: stops an orphaned server of this data directory, and disarms a
 * postmaster.pid whose process id now belongs to somebody else.
 * @param {string} data
 */
export async function clearStalePostmaster(data) {
  const file = join(data, 'postmaster.pid');
  if (!existsSync(file)) return;
  const lines = readFileSync(file, 'utf8').split('\n');
  const pid = Number(lines[0]);
  const commandLine = pid > 1 && isAlive(pid) ? commandLineOf(pid) : '';
  if (commandLine.includes('postgres') && commandLine.includes(data)) {
    await stopProcess(pid, { signal: 'SIGINT', graceMs: 30_000 });
    if (!existsSync(file)) return;
  }
  // What is left names a stranger, or a dead server that nobody has reaped yet: PostgreSQL would take either for a running one.
  // The file is kept, with our id in it: PostgreSQL takes its parent's id for stale and still checks, by the shared memory
  // named further down, that no backend of the dead server is left. Deleting the file would skip that check.
  writeFileSync(file, [String(process.pid), ...lines.slice(1)].join('\n'));
}

/** The user's own PG* settings are meant for other servers. */
export function postgresEnvironment() {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('PG'));
  return { ...Object.fromEntries(own), LC_ALL: 'C', TZ: 'UTC' };
}
