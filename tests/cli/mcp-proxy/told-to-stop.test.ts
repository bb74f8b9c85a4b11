import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { mcpProxyCommand } from '../../../cli/mcp-proxy.ts';
import { until } from '../../support/until.ts';

/** Says by a file that it was asked something, and never answers. */
const SILENT = "process.stdin.once('data', () => require('node:fs').writeFileSync(process.argv[1], '')); process.stdin.on('end', () => process.exit())";

let directory: string;
let stop: AbortController;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mastguard-mcp-'));
  stop = new AbortController();
});
afterEach(() => rmSync(directory, { recursive: true }));

function started(...options: string[]): { asked: string; ended: Promise<{ code: number; said: string }> } {
  const asked = join(directory, 'asked');
  let said = '';
  const argv = [...options, '--pins', join(directory, 'pins.json'), '--', process.execPath, '-e', SILENT, asked];
  const ended = mcpProxyCommand(argv, {
    env: { ...process.env, MASTGUARD_API_KEY: 'mg_test_key', MASTGUARD_BASE_URL: 'http://127.0.0.1:9' },
    stdout: { write: () => true },
    stderr: { write: (text: string) => (said += text) },
    signal: stop.signal,
    protocol: { stdin: new PassThrough(), stdout: new PassThrough() },
  });
  return { asked, ended: ended.then((code) => ({ code, said })) };
}

test('while it accepts the tools of a server that does not answer', async () => {
  const { asked, ended } = started('--accept-changes');
  await until(() => existsSync(asked));
  stop.abort();
  expect(await ended).toEqual({ code: 1, said: 'mastguard mcp-proxy: told to stop before the tools were accepted\n' });
});

test('before it has begun to serve', async () => {
  const { ended } = started();
  stop.abort();
  expect(await ended).toEqual({ code: 0, said: '' });
});
