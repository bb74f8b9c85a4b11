import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pinsFile, PinsFileError } from '../../../cli/mcp-proxy/pins-file.ts';
import { pinOf } from '../../../sdk/agent/src/mcp/tool-pins.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mastguard-pins-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const pin = (name: string, description: string) => new Map([[name, pinOf({ name, description })]]);

test('a server of which nothing is pinned is not known, and the file is made on the first use for its owner alone', async () => {
  const path = join(directory, 'new', 'pins.json');
  const pins = pinsFile({ path, label: 'files' });
  expect(await pins.read('s')).toBeUndefined();
  await pins.write('s', pin('a', 'does a'));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(await pins.read('s')).toEqual(pin('a', 'does a').set('a', expect.objectContaining({ definition: { name: 'a', description: 'does a' } })));
  expect(await pins.read('other')).toBeUndefined();
  expect(readdirSync(join(directory, 'new'))).toEqual(['pins.json']);
});

test('of many proxies that write at the same time none loses what another has written', async () => {
  const path = join(directory, 'pins.json');
  await Promise.all(Array.from({ length: 20 }, (_, index) => pinsFile({ path, label: 'files' }).write(`s${index % 2}`, pin(`tool-${index}`, 'x'))));
  const pins = pinsFile({ path, label: 'files' });
  const names = [...((await pins.read('s0'))?.keys() ?? []), ...((await pins.read('s1'))?.keys() ?? [])];
  expect(names.toSorted()).toEqual(Array.from({ length: 20 }, (_, index) => `tool-${index}`).toSorted());
});

test('names of tools are names of tools, whatever they are', async () => {
  const pins = pinsFile({ path: join(directory, 'pins.json'), label: 'files' });
  await pins.write('s', pin('__proto__', 'x'));
  expect([...((await pins.read('s'))?.keys() ?? [])]).toEqual(['__proto__']);
});

test('a newer definition takes the place of the older', async () => {
  const pins = pinsFile({ path: join(directory, 'pins.json'), label: 'files' });
  await pins.write('s', pin('a', 'old'));
  await pins.write('s', pin('a', 'new'));
  expect((await pins.read('s'))?.get('a')?.definition).toEqual({ name: 'a', description: 'new' });
});

test.each([['{'], ['{}'], ['{"version":2,"servers":[]}']])('a file that holds %s is an error, not an empty file', async (text) => {
  const path = join(directory, 'pins.json');
  writeFileSync(path, text);
  const pins = pinsFile({ path, label: 'files' });
  await expect(pins.read('s')).rejects.toThrow(PinsFileError);
  await expect(pins.write('s', pin('a', 'x'))).rejects.toThrow(path);
  expect(readFileSync(path, 'utf8')).toBe(text);
});

test('the lock of a process that was killed does not hold forever', async () => {
  const path = join(directory, 'pins.json');
  writeFileSync(`${path}.lock`, '1');
  utimesSync(`${path}.lock`, new Date(0), new Date(0));
  await pinsFile({ path, label: 'files' }).write('s', pin('a', 'x'));
  expect(readdirSync(directory)).toEqual(['pins.json']);
});

test('of many proxies that find the lock of one that was killed none loses what another has written', async () => {
  for (let round = 0; round < 10; round += 1) {
    const path = join(directory, `pins-${round}.json`);
    for (const file of [`${path}.lock`, `${path}.lock.turn`]) {
      writeFileSync(file, '1');
      utimesSync(file, new Date(0), new Date(0));
    }
    await Promise.all(Array.from({ length: 10 }, (_, index) => pinsFile({ path, label: 'files' }).write('s', pin(`tool-${index}`, 'x'))));
    expect((await pinsFile({ path, label: 'files' }).read('s'))?.size).toBe(10);
  }
});
