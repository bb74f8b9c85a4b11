import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { createProgress } from '../../scripts/lib/progress.mjs';
import { installIntegrationPeers } from '../integrations/peers/install.ts';
import { runComparison } from './wrappers/run-comparison.ts';
import { clientOf, detailsOf, lineOf, markdownOf, wrapperOf } from './wrappers/table.ts';

/**
 * `npm run conformance [-- --only <part of a wrapper or client>] [--details] [--write <file>]`: our wrappers of model clients and those of others, beside
 * the bare clients. Exit code 1 where ours differs from the bare client, or a request gets past it.
 */
const { values } = parseArgs({ options: { only: { type: 'string', default: '' }, details: { type: 'boolean' }, write: { type: 'string' } } });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const progress = createProgress({ stream: process.stderr });
const print = (text: string): void => {
  progress.clear();
  process.stdout.write(`${text}\n`);
};

const missing = await installIntegrationPeers(progress);
if (missing !== undefined) print(`skipped ${missing.names.join(', ')}: ${missing.reason}`);
progress.update('conformance', 'wrapped clients beside bare ones');
const table = await runComparison({
  chosen: (subject) =>
    (missing === undefined || subject.wrapper === 'mastguard') &&
    `${missing === undefined ? wrapperOf(subject) : 'ours'} ${clientOf(subject)} ${subject.sdk}`.includes(values.only),
  onRow(row) {
    print(lineOf(row));
    if (values.details === true || row.subject.wrapper === 'mastguard') for (const line of detailsOf(row)) print(line);
    progress.update('conformance', 'wrapped clients beside bare ones');
  },
});
for (const { subject, reason } of table.skipped) print(`skipped ${subject.wrapper} with ${clientOf(subject)}: ${reason}`);
if (values.write !== undefined) await writeFile(values.write, markdownOf(table));
const ours = table.rows.filter(({ subject }) => subject.wrapper === 'mastguard');
const isClean = ours.every(({ comparison: { differing, unseen, leaked } }) => differing.length + unseen.length + (leaked?.length ?? 0) === 0);
progress.clear();
process.exitCode = ours.length > 0 && isClean ? 0 : 1;
