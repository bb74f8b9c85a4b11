import { chownSync, cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeJson } from './atomic-file.mjs';
import { run } from './run.mjs';

/** @typedef {{ native: string, root: string, account: { uid: number, gid: number } | undefined }} PostgresPlace */

/**
 * Where PostgreSQL runs and as whom. It refuses to run as root, so root hands it to an unprivileged account;
 * what that account cannot reach (a checkout under a private home) is copied to where it can.
 * @param {{ native: string, directory: string }} wanted
 * @returns {Promise<PostgresPlace>}
 */
export async function choosePostgresPlace({ native, directory }) {
  if (process.getuid?.() !== 0) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return { native, root: directory, account: undefined };
  }
  const account = unprivilegedAccount();
  const moved = movedPlace(`${directory}.json`, account);
  if (moved !== undefined) return { native: withCopy(native, moved, account), root: moved, account };

  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chownSync(directory, account.uid, account.gid);
  const dataReachable = await succeeds(account, '/bin/sh', ['-c', 'test -w "$1" && test -x "$1"', 'sh', directory]);
  const binariesRun = await succeeds(account, join(native, 'bin', 'postgres'), ['--version']);
  if (dataReachable && binariesRun) return { native, root: directory, account };

  // A random name: in a directory that all users may write to, a foreseeable one could be taken by somebody else.
  const elsewhere = mkdtempSync('/var/tmp/mastguard-');
  chownSync(elsewhere, account.uid, account.gid);
  writeJson(`${directory}.json`, { root: elsewhere });
  return { native: withCopy(native, elsewhere, account), root: elsewhere, account };
}

/**
 * A copy of PostgreSQL's binaries for an account that cannot reach the installed ones; the one that is there where it is whole.
 * @param {string} native @param {string} root @param {{ uid: number, gid: number }} account
 */
export function withCopy(native, root, account) {
  const copy = join(root, 'native');
  if (existsSync(join(copy, 'bin', 'postgres'))) return copy;
  // Half a copy is never taken for a whole one.
  const unfinished = `${copy}.new`;
  for (const left of [copy, unfinished]) rmSync(left, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true, mode: 0o755 });
  chownSync(unfinished, account.uid, account.gid);
  for (const part of ['lib', 'share', 'bin']) cpSync(join(native, part), join(unfinished, part), { recursive: true, verbatimSymlinks: true, force: true });
  renameSync(unfinished, copy);
  return copy;
}

/** @param {string} file @param {{ uid: number }} account */
function movedPlace(file, account) {
  const root = readJson(file)?.root;
  if (typeof root !== 'string') return undefined;
  const found = lstatSync(root, { throwIfNoEntry: false });
  if (found === undefined) throw new Error(`the database of this installation was in ${root}, which is gone. To begin with an empty one, delete ${file}.`);
  if (!found.isDirectory() || found.uid !== account.uid) throw new Error(`${root} should hold the database of this installation but belongs to somebody else`);
  return root;
}

function unprivilegedAccount() {
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = accounts.find(([candidate]) => candidate === name) ?? [];
    if (Number(uid) > 0) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(
    'PostgreSQL does not run as root, and this machine has neither a "postgres" nor a "nobody" account. Start as another user, or set DATABASE_URL.',
  );
}

/** @param {{ uid: number, gid: number }} account @param {string} command @param {string[]} args */
async function succeeds(account, command, args) {
  return (await run(command, args, { account, cwd: '/', timeoutMs: 20_000 })).code === 0;
}
