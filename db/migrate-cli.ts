import { openDatabase } from './client.ts';
import { migrate } from './migrate.ts';

/** `DATABASE_URL` names a user who may create roles. A role whose password is given may log in with it. */
const LOGINS = [
  ['mg_app', 'MASTGUARD_APP_PASSWORD'],
  ['mg_signer', 'MASTGUARD_SIGNER_PASSWORD'],
  ['mg_purge', 'MASTGUARD_PURGE_PASSWORD'],
] as const;
const url = process.env['DATABASE_URL'];
if (url === undefined) {
  process.stderr.write('DATABASE_URL is not set\n');
  process.exit(2);
}
const sql = openDatabase({ url, maxConnections: 2, applicationName: 'mastguard-migrate', connectTimeoutMs: 10_000 });
try {
  const applied = await migrate(sql);
  for (const [role, variable] of LOGINS) {
    const password = process.env[variable];
    if (password === undefined || password === '') continue;
    // ALTER ROLE takes no parameters; the server quotes them for us.
    const [statement] = await sql<{ text: string }[]>`select format('alter role %I login password %L', ${role}::text, ${password}::text) as text`;
    await sql.unsafe(statement?.text ?? '');
  }
  for (const name of applied) process.stdout.write(`applied ${name}\n`);
  if (applied.length === 0) process.stdout.write('database is up to date\n');
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await sql.end({ timeout: 5 });
}
