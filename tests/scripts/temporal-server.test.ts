import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createChildren } from '../../scripts/lib/child.mjs';
import { startTemporal } from '../../scripts/lib/temporal-server.mjs';

/** Stands in for the command line of Temporal: a server that finds a port taken so many times, and is healthy as soon as it runs. */
function serverThatFindsPortsTaken(directory: string, times: number): string {
  const [file, tries] = [join(directory, 'temporal'), join(directory, 'tries')];
  const script = `#!/bin/sh
case "$1 $2" in
  'server start-dev')
    echo started >> '${tries}'
    if [ "$(wc -l < '${tries}')" -le ${times} ]; then echo 'Error: listen tcp 127.0.0.1:45678: bind: address already in use' >&2; exit 1; fi
    touch '${directory}/healthy'
    exec sleep 600 ;;
  'operator cluster') [ -e '${directory}/healthy' ] && echo SERVING ;;
esac
`;
  writeFileSync(file, script);
  chmodSync(file, 0o755);
  return file;
}

let directory: string;
let children: ReturnType<typeof createChildren>;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mastguard-temporal-'));
  children = createChildren({ logDirectory: directory, recordFile: join(directory, 'children.json') });
});
afterEach(async () => {
  await children.stopAll();
  rmSync(directory, { recursive: true });
});

const start = (times: number) => startTemporal({ children, cli: serverThatFindsPortsTaken(directory, times), port: 27_233, uiPort: false });

test('a server that found a port of its own taken is started once more', async () => {
  const { child } = await start(2);
  expect(child.ending()).toBeUndefined();
});

test('one that always does is given up, with what it said', async () => {
  await expect(start(1_000)).rejects.toThrow('address already in use');
});
