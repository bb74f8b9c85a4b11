import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PLACE = new URL('../../scripts/lib/postgres-place.mjs', import.meta.url).href;
const COPY = `
  const { withCopy } = await import('${PLACE}');
  const [, native, root] = process.argv;
  console.log(withCopy(native, root, { uid: process.getuid(), gid: process.getgid() }));
`;
/** The system may list the programs in any order, and the disk is full after the first one. */
const FULL_DISK = `
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  const { cpSync } = fs;
  fs.cpSync = (from, to, options) => {
    if (!from.endsWith('/bin')) return cpSync(from, to, options);
    fs.mkdirSync(to, { recursive: true });
    fs.copyFileSync(from + '/postgres', to + '/postgres');
    throw new Error('ENOSPC');
  };
  syncBuiltinESMExports();
`;

test('a copy of PostgreSQL that was cut short, as by a full disk, is not taken for a whole one', () => {
  const home = mkdtempSync(join(tmpdir(), 'mastguard-place-'));
  const native = join(home, 'native');
  const copy = (before = ''): string =>
    execFileSync(process.execPath, ['--input-type=module', '-e', before + COPY, native, join(home, 'root')], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  try {
    for (const part of ['lib', 'share', 'bin']) mkdirSync(join(native, part), { recursive: true });
    for (const name of ['initdb', 'pg_ctl', 'postgres']) writeFileSync(join(native, 'bin', name), name);
    expect(() => copy(FULL_DISK)).toThrow('ENOSPC');
    const whole = copy();
    expect(readdirSync(join(whole, 'bin')).toSorted()).toEqual(['initdb', 'pg_ctl', 'postgres']);
    // It is made once.
    rmSync(native, { recursive: true });
    expect(copy()).toBe(whole);
  } finally {
    rmSync(home, { recursive: true });
  }
});
