import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PLACE = new URL('../../scripts/lib/postgres-place.mjs', import.meta.url).href;
const CHOOSE = `
  const { choosePostgresPlace } = await import('${PLACE}');
  const [, native, directory] = process.argv;
  console.log((await choosePostgresPlace({ native, directory })).native);
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

/** Only root hands PostgreSQL to another account, which may need a copy. */
const asRoot = process.getuid?.() === 0 ? test : test.skip;

asRoot('a copy of PostgreSQL that was cut short, as by a full disk, is not taken for a whole one', () => {
  // Nobody but root comes through here.
  const home = mkdtempSync(join(tmpdir(), 'mastguard-place-'));
  const [native, directory] = [join(home, 'native'), join(home, 'postgres')];
  const choose = (before = ''): string =>
    execFileSync(process.execPath, ['--input-type=module', '-e', before + CHOOSE, native, directory], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    for (const part of ['lib', 'share', 'bin']) mkdirSync(join(native, part), { recursive: true });
    for (const name of ['initdb', 'pg_ctl', 'postgres']) writeFileSync(join(native, 'bin', name), name);
    expect(() => choose(FULL_DISK)).toThrow('ENOSPC');
    const copy = choose().trim();
    expect(copy).not.toBe(native);
    expect(readdirSync(join(copy, 'bin')).toSorted()).toEqual(['initdb', 'pg_ctl', 'postgres']);
    expect(choose().trim()).toBe(copy);
  } finally {
    const moved = `${directory}.json`;
    if (existsSync(moved)) rmSync((JSON.parse(readFileSync(moved, 'utf8')) as { root: string }).root, { recursive: true });
    rmSync(home, { recursive: true });
  }
});
