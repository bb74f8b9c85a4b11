import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NotRunning, readRuntime } from '../../../cli/replay/runtime.ts';

const home = mkdtempSync(join(tmpdir(), 'mastguard-runtime-'));
afterAll(() => rmSync(home, { recursive: true }));

test('a product that is not running is told in one line with the way out', () => {
  expect(() => readRuntime({ MASTGUARD_HOME: join(home, 'nowhere') })).toThrow(NotRunning);
  expect(() => readRuntime({ MASTGUARD_HOME: join(home, 'nowhere') })).toThrow(/^MastGuard does not seem to be running: .*runtime\.json.*npm start/);
});

test('address and key are read, and a file without them is refused', () => {
  const file = join(home, 'runtime.json');
  writeFileSync(file, JSON.stringify({ pid: 1, apiUrl: 'http://127.0.0.1:8787', apiKey: 'k', orgId: 'o' }));
  expect(readRuntime({ MASTGUARD_HOME: home })).toEqual({ apiUrl: 'http://127.0.0.1:8787', apiKey: 'k' });
  writeFileSync(file, JSON.stringify({ apiUrl: 'http://127.0.0.1:8787' }));
  expect(() => readRuntime({ MASTGUARD_HOME: home })).toThrow(NotRunning);
});
