import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtProduct } from '../../support/built-product.ts';
import { until } from '../../support/until.ts';

let directory: string;
let proxy: ChildProcess;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mastguard-mcp-'));
});
afterEach(() => {
  proxy.kill('SIGKILL');
  process.kill(leftBehind(), 'SIGKILL');
  rmSync(directory, { recursive: true });
});

const pidFile = (): string => join(directory, 'pid');
const leftBehind = (): number => Number(readFileSync(pidFile(), 'utf8'));

/** Before a server that starts a process which outlives it and holds its output open. */
function start(then: string): Promise<unknown[]> {
  const server = ['sh', '-c', `sleep 600 & echo $! > "$0.new"; mv "$0.new" "$0"; ${then}`, pidFile()];
  const env = { ...process.env, MASTGUARD_API_KEY: 'mg_test_key', MASTGUARD_BASE_URL: 'http://127.0.0.1:9' };
  proxy = spawn(process.execPath, [builtProduct('cli/mastguard.js'), 'mcp-proxy', '--pins', join(directory, 'pins.json'), '--', ...server], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env,
  });
  proxy.stdout?.resume();
  return once(proxy, 'exit');
}

test('a server that ends is seen to have ended, whatever it leaves behind', async () => {
  expect(await start('exit 3')).toEqual([1, null]);
});

test('a client that goes takes the proxy with it, whatever the server leaves behind', async () => {
  const ended = start('exec cat > /dev/null');
  await until(() => existsSync(pidFile()));
  proxy.stdin?.end();
  expect(await ended).toEqual([0, null]);
});
