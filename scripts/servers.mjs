#!/usr/bin/env node
/** `npm run servers`: PostgreSQL and Temporal only, for working on the product itself. Stays up until stopped. */
import { ensureDependencies } from './lib/dependencies.mjs';
import { openInstallation } from './lib/installation.mjs';
import { nodeVersionProblem } from './lib/node-version.mjs';
import { ensurePostgres, ensureTemporal } from './lib/servers.mjs';

const problem = nodeVersionProblem(process.versions.node);
if (problem !== undefined) {
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}

const installation = await openInstallation().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
const { progress, shutdown } = installation;
try {
  await ensureDependencies(progress);
  const postgres = await ensurePostgres(installation);
  const temporal = await ensureTemporal(installation, undefined);
  progress.line(`PostgreSQL   ${postgres.adminUrl}`);
  progress.line(`Temporal     ${temporal.address ?? 'from the profile'}`);
  if (temporal.uiUrl !== null) progress.line(`Temporal UI  ${temporal.uiUrl}`);
  progress.line('Ctrl-C stops both.');
  // Without embedded servers nothing else keeps the process alive.
  setInterval(() => {}, 60_000);
} catch (error) {
  await shutdown.fail(error);
}
