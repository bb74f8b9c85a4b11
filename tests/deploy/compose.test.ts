import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readConfig } from '../../workers/config.ts';
import { SEARCH_ATTRIBUTE } from '../../workflows/search-attributes.ts';

interface Service {
  image: string;
  command?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  networks: string[];
  depends_on?: Record<string, { condition: string }>;
  restart: string;
  read_only?: boolean;
  healthcheck?: { test?: string[]; disable?: boolean };
}

const ROOT = join(import.meta.dirname, '../..');
const TEXT = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
const { services, networks } = parse(TEXT, { merge: true }) as { services: Record<string, Service>; networks: Record<string, { internal?: boolean } | null> };
const OWN = ['api', 'workers', 'signer', 'migrate'];
const serviceOf = (name: string): Service => services[name] as Service;

test('nothing but the API and the Temporal UI is published, and those on loopback', () => {
  const published = Object.entries(services).filter(([, { ports }]) => ports !== undefined);
  expect(published.map(([name]) => name).toSorted()).toEqual(['api', 'temporal-ui']);
  for (const [, { ports }] of published) for (const port of ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  expect(networks['data']).toEqual({ internal: true });
  for (const [name, service] of Object.entries(services)) {
    // The workers send mail and messages: they alone have a way out, and publish nothing.
    expect(service.networks).toEqual(service.ports !== undefined ? ['data', 'edge'] : name === 'workers' ? ['data', 'out'] : ['data']);
  }
});

test('no password and no key has a default', () => {
  const secrets = [...TEXT.matchAll(/\$\{([A-Z_]*(?:PASSWORD|KEY))([^}]*)\}/g)];
  expect(new Set(secrets.map(([, name]) => name))).toEqual(
    new Set([
      'POSTGRES_PASSWORD',
      'TEMPORAL_DB_PASSWORD',
      'MASTGUARD_APP_PASSWORD',
      'MASTGUARD_SIGNER_PASSWORD',
      'MASTGUARD_PURGE_PASSWORD',
      'MASTGUARD_MASTER_KEY',
    ]),
  );
  for (const [, , rest] of secrets) expect(rest).toMatch(/^:\?./);
  for (const { environment = {} } of Object.values(services)) {
    for (const [name, value] of Object.entries(environment)) if (/PASSWORD|PWD|KEY$/.test(name)) expect(value).toMatch(/^\$\{/);
  }
});

test('a service waits until what it needs is healthy or has finished', () => {
  const needs = (name: string): Record<string, string> =>
    Object.fromEntries(Object.entries(serviceOf(name).depends_on ?? {}).map(([other, { condition }]) => [other, condition]));
  const finished = 'service_completed_successfully';
  expect(needs('temporal-schema')).toEqual({ postgres: 'service_healthy' });
  expect(needs('temporal')).toEqual({ 'temporal-schema': finished });
  expect(needs('temporal-namespace')).toEqual({ temporal: 'service_healthy' });
  expect(needs('migrate')).toEqual({ postgres: 'service_healthy' });
  expect(needs('api')).toEqual({ migrate: finished, 'temporal-namespace': finished });
  expect(needs('workers')).toEqual(needs('api'));
  expect(needs('signer')).toEqual({ migrate: finished });
});

test('what others wait for to finish ends for good, and what they wait for to be healthy has a check', () => {
  for (const { depends_on: needed = {} } of Object.values(services)) {
    for (const [name, { condition }] of Object.entries(needed)) {
      if (condition === 'service_healthy') expect(serviceOf(name).healthcheck?.test).toBeDefined();
      else expect(serviceOf(name).restart).toMatch(/^on-failure/);
    }
  }
});

test('every role runs exactly once, the API beside the decision worker', () => {
  const rolesOf = (name: string): string[] => {
    const env = {
      DATABASE_URL: serviceOf(name).environment?.['DATABASE_URL'],
      SIGNER_DATABASE_URL: serviceOf(name).environment?.['SIGNER_DATABASE_URL'],
      MASTGUARD_MASTER_KEY: '00'.repeat(32),
      HOST: serviceOf(name).environment?.['HOST'],
    };
    return [...readConfig((serviceOf(name).command ?? []).slice(2), env).roles].toSorted();
  };
  expect(rolesOf('api')).toEqual(['api', 'decision']);
  expect(rolesOf('workers')).toEqual(['hitl', 'maintenance']);
  expect(rolesOf('signer')).toEqual(['signer']);
});

test('the API alone is told of proxies in front, and trusts none until it is', () => {
  const trust = (name: string) => serviceOf(name).environment?.['TRUST_PROXY'];
  expect(OWN.map(trust)).toEqual(['${MASTGUARD_TRUST_PROXY:-}', undefined, undefined, undefined]);
});

test('the application and Temporal have databases and roles of their own', () => {
  expect(serviceOf('api').environment?.['DATABASE_URL']).toMatch(/^postgres:\/\/mg_app:.*\/mastguard$/);
  expect(serviceOf('temporal').environment).toMatchObject({ POSTGRES_USER: 'temporal' });
  const init = readFileSync(join(ROOT, 'deploy/entrypoints/postgres-init.sh'), 'utf8');
  expect(init).toContain('revoke connect on database mastguard, temporal, temporal_visibility from public');
});

test('the signer has a database role and a volume of its own, and no secret of the application', () => {
  const { environment = {}, volumes } = serviceOf('signer');
  expect(environment['SIGNER_DATABASE_URL']).toMatch(/^postgres:\/\/mg_signer:.*\/mastguard$/);
  expect(Object.keys(environment)).not.toEqual(expect.arrayContaining(['DATABASE_URL']));
  for (const value of Object.values(environment)) expect(value).not.toMatch(/MASTER_KEY|APP_PASSWORD|PURGE_PASSWORD/);
  expect(volumes).toEqual([`signer:${environment['SIGNER_STATE_DIRECTORY']}`]);
  expect(readFileSync(join(ROOT, 'deploy/Dockerfile'), 'utf8')).toContain(
    `install -d -o node -g node -m 0700 /var/lib/mastguard ${environment['SIGNER_STATE_DIRECTORY']}`,
  );
  for (const [name, service] of Object.entries(services)) if (name !== 'signer') expect(JSON.stringify(service.volumes ?? [])).not.toContain('signer:');
  expect(serviceOf('workers').environment?.['PURGE_DATABASE_URL']).toMatch(/^postgres:\/\/mg_purge:/);
  expect(serviceOf('api').environment?.['PURGE_DATABASE_URL']).toBeUndefined();
});

test("the product's own containers have a read-only root and no capabilities", () => {
  for (const name of OWN) expect(serviceOf(name)).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
});

test('images have a version, and every mounted file is there', () => {
  for (const { image, volumes = [] } of Object.values(services)) {
    expect(image).toMatch(/:\d[\w.]*$/);
    for (const [source = ''] of volumes.map((volume) => volume.split(':'))) if (source.startsWith('./')) expect(existsSync(join(ROOT, source))).toBe(true);
  }
  expect(serviceOf('temporal-schema').image.split(':')[1]).toBe(serviceOf('temporal').image.split(':')[1]);
});

test('the namespace job makes the search attributes that the workflows set', () => {
  const script = readFileSync(join(ROOT, 'deploy/entrypoints/temporal-namespace.sh'), 'utf8');
  const made = [...script.matchAll(/([A-Z]\w+)=(Keyword|KeywordList|Int|Datetime)\b/g)].map(([, name, type]) => `${name} ${type?.toUpperCase()}`);
  const wanted = Object.values(SEARCH_ATTRIBUTE).map(({ name, type }) => `${name} ${type.replace('_', '')}`);
  expect(made.toSorted()).toEqual(wanted.toSorted());
});
