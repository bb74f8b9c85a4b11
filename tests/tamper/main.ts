import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { migrate } from '../../db/migrate.ts';
import { createProgress } from '../../scripts/lib/progress.mjs';
import { allAttacks } from './all-attacks.ts';
import { reportOf } from './report.ts';
import { comparePeer } from './peers/compare.ts';
import { runMatrix } from './run-matrix.ts';
import { buildScene } from './scene/scene.ts';
import { lineOf, rowOf, summaryOf } from './table.ts';
import { withPostgres } from './with-postgres.ts';
import { openTestPool } from '../support/database.ts';

/**
 * `npm run tamper [-- --only <part of a name>] [--write <file>]`: attacks on copies of a real ledger, and what both verifiers find in their exports; then
 * the same sorts of attack on the log of another product. Exit code 1 where a verifier finds something else than it must, or nothing.
 */
const { values } = parseArgs({ options: { only: { type: 'string' }, write: { type: 'string' } } });
const { only = '', write } = values;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const progress = createProgress({ stream: process.stderr });
const print = (text: string): void => {
  progress.clear();
  process.stdout.write(`${text}\n`);
};

const { groups, results } = await withPostgres(async (adminUrl) => {
  const template = await migratedDatabase(adminUrl);
  const sql = openTestPool({ url: template.url, maxConnections: 1 });
  const all = await allAttacks(sql);
  await sql.end({ timeout: 5 });
  const chosen = all.flatMap(({ attacks }) => attacks).filter(({ name }) => name.includes(only));
  progress.update('tamper', 'living through the history that is attacked');
  const scene = await buildScene({ serverUrl: adminUrl, template: template.name });
  try {
    return {
      groups: all,
      results: await runMatrix({
        scene,
        attacks: chosen,
        onResult(result, done) {
          print(lineOf(rowOf(result)));
          progress.update('tamper', `${done} of ${chosen.length} attacks`);
        },
      }),
    };
  } finally {
    await scene.close();
  }
});

const peer = await comparePeer(progress);
const report = reportOf({ groups, results, peer });
print(`\n${report.summary}`);
if (write !== undefined) await writeFile(write, report.markdown);
const { differing, missed, attacks } = summaryOf(results);
process.exitCode = attacks > 0 && differing === 0 && missed === 0 ? 0 : 1;

async function migratedDatabase(serverUrl: string): Promise<{ name: string; url: string }> {
  const name = 'mg_tamper_template';
  const server = openTestPool({ url: serverUrl, maxConnections: 1 });
  await server`create database ${server(name)} template template0`;
  await server.end({ timeout: 5 });
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const sql = openTestPool({ url: url.href, maxConnections: 1 });
  await migrate(sql);
  await sql.end({ timeout: 5 });
  return { name, url: url.href };
}
