import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatVkey, SIGNATURE_TYPE } from '../../core/ledger/note.ts';
import { readAnchors } from '../../workers/anchor-config.ts';
import { ConfigError, readConfig } from '../../workers/config.ts';
import { sha256 } from '../../db/ledger-primitives.ts';
import { startTimeStampAuthority } from '../support/time-stamp-authority.ts';

const SECRET = `whsec_${'A'.repeat(32)}`;
const vkey = (type: 1 | 4): string => formatVkey({ name: 'witness.example/w1', type, publicKey: new Uint8Array(32) }, sha256);
const DIRECTORY = { driver: 'directory', path: '/srv/anchors' };
const WITNESS = { driver: 'witness', url: 'https://witness.example/w1', vkey: vkey(SIGNATURE_TYPE.cosignature) };
const WEBHOOK = { driver: 'webhook', url: 'https://keeper.example/anchor', secret: SECRET };

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'mastguard-config-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const read = (...anchors: object[]) => readAnchors(JSON.stringify(anchors));

test('an anchor is named after its driver unless it has a name of its own', () => {
  expect(read(DIRECTORY, WITNESS, { ...WITNESS, name: 'second' }, WEBHOOK).map(({ name, driver }) => [name, driver])).toEqual([
    ['directory', 'directory'],
    ['witness', 'witness'],
    ['second', 'witness'],
    ['webhook', 'webhook'],
  ]);
});

test('the array stands in the variable itself or in a file', () => {
  const file = join(directory, 'anchors.json');
  writeFileSync(file, JSON.stringify([DIRECTORY]));
  expect(readAnchors(file)).toEqual([{ ...DIRECTORY, name: 'directory' }]);
  expect(readAnchors(` ${JSON.stringify([DIRECTORY])}`)).toEqual(readAnchors(file));
  expect(() => readAnchors(join(directory, 'not-there.json'))).toThrow('ENOENT');
});

test('roots of a time-stamp authority are read at the start', async () => {
  const authority = await startTimeStampAuthority();
  const [tsa] = read({ driver: 'tsa', url: authority.url, rootsFile: authority.rootsFile });
  expect(tsa).toMatchObject({ driver: 'tsa', name: 'tsa', roots: [expect.any(Uint8Array)] });
  expect(tsa).not.toHaveProperty('rootsFile');
  await authority.close();
});

const TSA = { driver: 'tsa', url: 'https://tsa.example/' };

test.each([
  ['a driver that is none', { driver: 'carrier-pigeon' }, 'driver'],
  ['a member that is none', { ...DIRECTORY, paht: '/x' }, 'paht'],
  ['a relative path', { ...DIRECTORY, path: 'anchors' }, '0.path: must be an absolute path'],
  ['a name with a space', { ...DIRECTORY, name: 'my anchor' }, '0.name'],
  ['no roots', TSA, '0.rootsFile'],
  ['roots that are not there', { ...TSA, rootsFile: '/nonexistent/roots.pem' }, '0.rootsFile: cannot be read as certificates: ENOENT'],
  ['roots that are none', { ...TSA, rootsFile: import.meta.filename }, 'there is no certificate in it'],
  ['a policy that is no OID', { ...TSA, rootsFile: '/x', policy: 'gold' }, '0.policy'],
  ['a log key in place of a witness key', { ...WITNESS, vkey: vkey(SIGNATURE_TYPE.ed25519) }, '0.vkey: must be a verifier key of the type 0x04'],
  ['a key that was mistyped', { ...WITNESS, vkey: WITNESS.vkey.replace('witness', 'wittness') }, '0.vkey'],
  ['a webhook without a secret', { ...WEBHOOK, secret: undefined }, '0.secret'],
  ['a short secret', { ...WEBHOOK, secret: 'whsec_c2hvcnQ=' }, '0.secret'],
  ['a URL of another kind', { ...WEBHOOK, url: 'ftp://keeper.example/' }, '0.url'],
  ['a password in the URL', { ...WEBHOOK, url: 'https://user:hunter2@keeper.example/' }, '0.url: must hold no user name or password'],
])('%s is said with its place', (_what, anchor, message) => {
  expect(() => read(anchor)).toThrow(message);
});

test('two anchors of one name are refused', () => {
  expect(() => read(DIRECTORY, { ...DIRECTORY, path: '/mnt/other' })).toThrow('two anchors have the same name');
});

test('what is wrong is a configuration error that names the variable and quotes no secret', () => {
  const env = { DATABASE_URL: 'postgres://mg_app@127.0.0.1/mastguard', MASTGUARD_MASTER_KEY: 'ab'.repeat(32) };
  for (const value of [`[{"driver":"webhook","secret":"${SECRET}"`, JSON.stringify([{ ...WEBHOOK, url: 'hunter2', secret: `${SECRET}!` }])]) {
    let message = '';
    try {
      readConfig([], { ...env, ANCHORS: value });
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      ({ message } = error as Error);
    }
    expect(message).toMatch(/^ANCHORS: /);
    expect(message).not.toMatch(/whsec_A|hunter2/);
  }
  expect(readConfig([], env).anchors).toEqual([]);
  expect(readConfig([], { ...env, ANCHORS: '' }).anchors).toEqual([]);
});
