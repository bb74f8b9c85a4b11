import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, readConfig, readSignerConfig } from '../../workers/config.ts';

const KEY = 'ab'.repeat(32);
const ENV = { DATABASE_URL: 'postgres://mg_app@127.0.0.1/mastguard', MASTGUARD_MASTER_KEY: KEY };

test('a database and a key are enough; the rest has defaults that open nothing to the network', () => {
  expect(readConfig([], ENV)).toMatchObject({
    roles: new Set(['api', 'decision', 'hitl', 'maintenance', 'signer']),
    host: '127.0.0.1',
    port: 8787,
    metricsPort: undefined,
    publicUrl: 'http://127.0.0.1:8787',
    masterKey: Buffer.from(KEY, 'hex'),
    decisionDeadlineMs: 2_000,
  });
});

test('roles are those named, and a name that is none is said with those that are', () => {
  expect(readConfig(['--role', 'api,hitl'], ENV).roles).toEqual(new Set(['api', 'hitl']));
  for (const argv of [['--role', 'api,reviews'], ['--role', ''], ['--role']]) {
    expect(() => readConfig(argv, ENV)).toThrow(ConfigError);
    expect(() => readConfig(argv, ENV)).toThrow('roles are api, decision, hitl, maintenance, signer');
  }
});

test('roles may be named after an equals sign, as other commands take it', () => {
  expect(readConfig(['--role=hitl'], ENV).roles).toEqual(new Set(['hitl']));
});

test.each([
  ['an option that is none', ['--roles', 'hitl'], '--roles'],
  ['a stray word', ['hitl'], 'hitl'],
  ['a stray word behind the roles', ['--role', 'api', 'hitl'], 'hitl'],
  ['a list written with spaces', ['--role', 'api,', 'hitl'], 'hitl'],
  ['an option for the name of a role', ['--role', '--hitl'], '--role'],
  ['a second --role', ['--role', 'api', '--role', 'hitl'], 'once'],
])('%s starts no role that was not asked for, but is refused', (_what, argv, message) => {
  expect(() => readConfig(argv, ENV)).toThrow(ConfigError);
  expect(() => readConfig(argv, ENV)).toThrow(message);
});

test("a process that only signs needs neither the application's database nor its key", () => {
  const { signer, purge, masterKey } = readConfig(['--role', 'signer'], {
    SIGNER_DATABASE_URL: 'postgres://mg_signer@127.0.0.1/mastguard',
    MASTGUARD_HOME: '/var/lib/mastguard',
    PUBLIC_URL: 'https://guard.example.com:8443/',
  });
  expect(signer).toEqual({
    databaseUrl: 'postgres://mg_signer@127.0.0.1/mastguard',
    stateDirectory: '/var/lib/mastguard/signer',
    host: 'guard.example.com',
    hostIsGiven: false,
  });
  expect([purge, masterKey.length]).toEqual([undefined, 0]);
  expect(() => readConfig(['--role', 'signer'], {})).toThrow('SIGNER_DATABASE_URL');
  expect(() => readConfig(['--role', 'signer,api'], { SIGNER_DATABASE_URL: ENV.DATABASE_URL, MASTGUARD_MASTER_KEY: KEY })).toThrow('DATABASE_URL');
});

test('signing and purging act as roles of their own, whatever URL they come by', () => {
  const own = { SIGNER_DATABASE_URL: 'postgres://mg_signer@h/d', PURGE_DATABASE_URL: 'postgres://mg_purge@h/d' };
  expect(readConfig([], ENV)).toMatchObject({
    signer: { databaseUrl: ENV.DATABASE_URL, databaseRole: 'mg_signer' },
    purge: { databaseUrl: ENV.DATABASE_URL, databaseRole: 'mg_purge' },
  });
  const { signer, purge } = readConfig([], { ...ENV, ...own });
  expect([signer?.databaseUrl, signer?.databaseRole]).toEqual([own.SIGNER_DATABASE_URL, undefined]);
  expect(purge).toEqual({ databaseUrl: own.PURGE_DATABASE_URL });
  expect(readConfig(['--role', 'api'], ENV).signer).toBeUndefined();
});

test('the name of the logs is the host of the public URL, or what is set', () => {
  expect(readSignerConfig({ ...ENV, LOG_HOST: 'ledger.example.com', SIGNER_STATE_DIRECTORY: '/srv/signer' })).toMatchObject({
    host: 'ledger.example.com',
    hostIsGiven: true,
    stateDirectory: '/srv/signer',
  });
  expect(readSignerConfig(ENV)).toMatchObject({ host: '127.0.0.1', hostIsGiven: false });
  for (const host of ['a b', 'a+b', 'https://ledger.example.com']) expect(() => readSignerConfig({ ...ENV, LOG_HOST: host })).toThrow('LOG_HOST');
});

test('the key comes from a file as well, with the line end an editor leaves', () => {
  const directory = mkdtempSync(join(tmpdir(), 'mastguard-config-'));
  const file = join(directory, 'master.key');
  writeFileSync(file, `${KEY}\n`);
  expect(readConfig([], { DATABASE_URL: ENV.DATABASE_URL, MASTGUARD_KEY_FILE: file }).masterKey.toString('hex')).toBe(KEY);
  rmSync(directory, { recursive: true });
});

test.each([
  ['no key', { MASTGUARD_MASTER_KEY: undefined }, 'MASTGUARD_KEY_FILE or MASTGUARD_MASTER_KEY'],
  ['a short key', { MASTGUARD_MASTER_KEY: 'abcd' }, '32 bytes in hex'],
  ['a key that is not hex', { MASTGUARD_MASTER_KEY: 'correct horse battery' }, '32 bytes in hex'],
  ['a key with something after it', { MASTGUARD_MASTER_KEY: `${KEY}zz` }, '32 bytes in hex'],
  ['no database', { DATABASE_URL: undefined }, 'DATABASE_URL'],
  ['a port that is no number', { PORT: 'http' }, 'PORT'],
])('%s is refused with the name of what is wrong', (_what, changes, message) => {
  const env: NodeJS.ProcessEnv = { ...ENV, ...changes };
  expect(() => readConfig([], env)).toThrow(ConfigError);
  expect(() => readConfig([], env)).toThrow(message);
});

test('a key file that is not there is a configuration error, not a stack trace', () => {
  expect(() => readConfig([], { DATABASE_URL: ENV.DATABASE_URL, MASTGUARD_KEY_FILE: '/nonexistent/master.key' })).toThrow(ConfigError);
});

test('a variable set to nothing counts as not set', () => {
  const empty = Object.fromEntries(
    ['HOST', 'PORT', 'METRICS_PORT', 'PUBLIC_URL', 'TEMPORAL_UI_URL', 'DATABASE_ROLE', 'WORKFLOW_BUNDLE', 'MASTGUARD_KEY_FILE', 'TRUST_PROXY'].map((name) => [
      name,
      '',
    ]),
  );
  expect(readConfig([], { ...ENV, ...empty })).toEqual(readConfig([], ENV));
});

test('links carry no double slash, whatever the public URL ends with', () => {
  expect(readConfig([], { ...ENV, PUBLIC_URL: 'https://guard.example.com/' }).publicUrl).toBe('https://guard.example.com');
});

test('mail needs a server and a sender together; what may be reached beside public hosts is checked at the start', () => {
  const mail = { SMTP_URL: 'smtp://mail.internal:25', MAIL_FROM: 'MastGuard <reviews@example.com>' };
  expect(readConfig([], ENV).outbound).toEqual({ mail: null, allow: [] });
  expect(readConfig([], { ...ENV, ...mail, OUTBOUND_ALLOW: 'mail.internal:25, 10.1.0.0/16,' }).outbound).toEqual({
    mail: { url: mail.SMTP_URL, from: mail.MAIL_FROM },
    allow: ['mail.internal:25', '10.1.0.0/16'],
  });
  expect(() => readConfig([], { ...ENV, SMTP_URL: mail.SMTP_URL })).toThrow('set together');
  expect(() => readConfig([], { ...ENV, MAIL_FROM: mail.MAIL_FROM })).toThrow('set together');
  expect(() => readConfig([], { ...ENV, ...mail, SMTP_URL: 'https://mail.internal' })).toThrow('SMTP_URL');
  expect(() => readConfig([], { ...ENV, OUTBOUND_ALLOW: 'everything' })).toThrow('OUTBOUND_ALLOW');
});

test('no proxy is trusted unless told: how many stand in front, or which', () => {
  const read = (value: string) => readConfig([], { ...ENV, TRUST_PROXY: value }).trustProxy;
  expect([readConfig([], ENV).trustProxy, read(''), read('0')]).toEqual([0, 0, 0]);
  expect([read('1'), read(' 2 ')]).toEqual([1, 2]);
  expect(read('10.0.0.0/8, 192.0.2.1,2001:db8::/32,')).toEqual(['10.0.0.0/8', '192.0.2.1', '2001:db8::/32']);
  expect(read('loopback,uniquelocal')).toEqual(['loopback', 'uniquelocal']);
});

test.each(['true', '-1', '1.5', '1e1', '11', '1,2', ',', 'proxy.internal', '10.0.0.0/0', '0.0.0.0/33', '::/0', '10.0.0.0/', '10.0.0.1:80', 'fe80::1%eth0'])(
  'TRUST_PROXY "%s" is refused, before a client can choose its address',
  (value) => {
    const read = () => readConfig([], { ...ENV, TRUST_PROXY: value });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow('TRUST_PROXY');
  },
);

test('decisions are sent as spans where a collector is named, with the headers it asks for', () => {
  expect(readConfig([], ENV).decisionSpans).toBeUndefined();
  const named = { ...ENV, OTLP_EXPORT_URL: 'https://collector.example.com/v1/traces', OTLP_EXPORT_HEADERS: 'Authorization=Bearer%20abc, x-tenant=t1' };
  expect(readConfig([], named).decisionSpans).toEqual({
    url: 'https://collector.example.com/v1/traces',
    headers: { authorization: 'Bearer abc', 'x-tenant': 't1' },
  });
});

test.each([
  ['OTLP_EXPORT_URL', 'collector:4318'],
  ['OTLP_EXPORT_URL', 'https://secret-4711@collector.example.com/'],
  ['OTLP_EXPORT_HEADERS', 'secret-4711'],
  ['OTLP_EXPORT_HEADERS', 'x=%zz'],
  ['OTLP_EXPORT_HEADERS', 'x=%0d%0asecret-4711'],
])('%s "%s" is refused without being quoted', (name, value) => {
  const read = () => readConfig([], { ...ENV, OTLP_EXPORT_URL: 'https://collector.example.com/', [name]: value });
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(name);
  expect(read).not.toThrow('secret-4711');
});
