import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import { Registry } from 'prom-client';
import { hashPassword } from '../../api/access/password.ts';
import { mintApiKey, pepperOf } from '../../api/access/key-secret.ts';
import { auditEntry } from '../../api/audit.ts';
import { createApi } from '../../api/server.ts';
import type { Api, ApiConfig, ApiOptions } from '../../api/server.ts';
import { SCOPES_OF_ROLE } from '../../core/access/permissions.ts';
import { openDatabase } from '../../db/client.ts';
import type { Sql } from '../../db/client.ts';
import type { SubjectVault } from '../../db/subject-vault.ts';
import { createKey } from '../../db/queries/keys.ts';
import { appendRecords } from '../../db/queries/ledger.ts';
import { createMember } from '../../db/queries/members.ts';
import { createOrganization } from '../../db/queries/organizations.ts';
import type { Role, Scope } from '../../schemas/access.ts';
import type { KeyMode } from '../../schemas/key.ts';
import { Problem } from '../../schemas/problem.ts';
import type { RouteDefinition } from '../../schemas/route.ts';
import { ROUTES } from '../../schemas/routes.ts';
import { problemStatusesOf } from '../../schemas/openapi.ts';
import { createTestDatabase } from './database.ts';
import type { TestDatabase } from './database.ts';
import { createLedgerRuntime } from './ledger-runtime.ts';
import { TEST_MASTER_KEY, testVault } from './vault.ts';
import type { LedgerRuntime } from './ledger-runtime.ts';

export interface CallOptions {
  key?: string;
  cookie?: string;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is. */
  raw?: string | Buffer;
  signal?: AbortSignal;
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  // Tests read answers of every shape; each is checked against its schema before it gets here.
  // eslint-disable-next-line typescript/no-explicit-any
  body: any;
}

export interface TestClock {
  offsetMs: number;
  /** Where it stands, so that nothing depends on how long a test takes; null as long as it runs. */
  stoppedAtMs: number | null;
}

export interface TestApi {
  orgId: string;
  ownerKey: string;
  database: TestDatabase;
  runtime: LedgerRuntime;
  vault: SubjectVault;
  api: Api;
  baseUrl: string;
  log: string[];
  metrics: Registry;
  clock: TestClock;
  /** What the API takes for the time. */
  now: () => number;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  newOrganization(options?: { eventQuota?: number | null }): Promise<string>;
  newMember(options: { id: string; role: Role; orgId?: string; groups?: string[]; password?: string }): Promise<void>;
  newKey(options?: NewTestKey): Promise<{ id: string; key: string }>;
  stop(): Promise<void>;
}

export interface NewTestKey {
  orgId?: string;
  scopes?: readonly Scope[];
  memberId?: string | null;
  expiresAt?: Date | null;
  mode?: KeyMode;
}

export const MASTER_KEY = TEST_MASTER_KEY;
const PEPPER = pepperOf(MASTER_KEY);

export interface StartOptions {
  config?: Partial<ApiConfig>;
  /** Instead of the database's own pool. */
  sql?: Sql;
  mount?: ApiOptions['mount'];
}

/** The whole API on a port of its own, before a database of its own, with one organisation and an owner's key. */
export async function startApi({ config = {}, sql: given, mount }: StartOptions = {}): Promise<TestApi> {
  const database = await createTestDatabase();
  const ownVault = testVault(database.appSql);
  const clock: TestClock = { offsetMs: 0, stoppedAtMs: null };
  const now = (): number => (clock.stoppedAtMs ?? Date.now()) + clock.offsetMs;
  const runtime = createLedgerRuntime(ownVault, now);
  const metrics = new Registry();
  const log: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void log.push(line) });
  // No end to idle connections: it could meet the next request of a client that keeps them.
  const server = createServer({ keepAliveTimeout: 0 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sql = given ?? database.appSql;
  const vault = given === undefined ? ownVault : testVault(given);
  const api = createApi({
    sql,
    vault,
    runtime,
    ledger: { append: async (record) => (await appendRecords(sql, [record]))[0] },
    config: { publicUrl: baseUrl, masterKey: MASTER_KEY, ...config },
    logger,
    metrics,
    now,
    ...(mount && { mount }),
  });
  server.on('request', api.app);

  const audit = auditEntry({ type: 'test.made', actor: 'system', requestId: 'req_test' });
  const test: TestApi = {
    orgId: '',
    ownerKey: '',
    database,
    runtime,
    vault,
    api,
    baseUrl,
    log,
    metrics,
    clock,
    now,
    async call(method, path, options = {}) {
      const answer = await send(baseUrl, method, path, options);
      assertContract(method, path, answer);
      return answer;
    },
    async newOrganization({ eventQuota = null } = {}) {
      const orgId = randomUUID();
      await createOrganization(database.appSql, { orgId, name: 'Example', plan: 'pro', retentionDays: 90, eventQuota, audit: { ...audit, id: randomUUID() } });
      return orgId;
    },
    async newMember({ id, role, orgId = test.orgId, groups = [], password }) {
      const passwordHash = password === undefined ? null : await hashPassword(password);
      await createMember(database.appSql, {
        orgId,
        id,
        email: `${id}@example.com`,
        name: id,
        role,
        groups,
        passwordHash,
        audit: { ...audit, id: randomUUID() },
      });
    },
    async newKey({ orgId = test.orgId, scopes = SCOPES_OF_ROLE.Owner, memberId = null, expiresAt = null, mode = 'live' } = {}) {
      const { id, key, hmac, pepperVersion } = mintApiKey(PEPPER, mode);
      await createKey(database.appSql, {
        orgId,
        id,
        name: 'test',
        mode,
        scopes,
        memberId,
        secretHmac: hmac,
        pepperVersion,
        createdBy: 'system',
        expiresAt,
        audit: { ...audit, id: randomUUID() },
      });
      return { id, key };
    },
    async stop() {
      await api.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await database.drop();
    },
  };
  test.orgId = await test.newOrganization();
  test.ownerKey = (await test.newKey()).key;
  return test;
}

/** A pool for a port where nothing listens. */
export function databaseAway(): Sql {
  return openDatabase({ url: 'postgres://nobody@127.0.0.1:1/none', maxConnections: 1 });
}

function send(baseUrl: string, method: string, path: string, { key, cookie, headers = {}, body, raw, signal }: CallOptions): Promise<Answer> {
  const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  return new Promise((resolve, reject) => {
    const req = httpRequest(
      baseUrl + path,
      {
        method,
        agent: false,
        ...(signal && { signal }),
        headers: {
          ...(payload === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(payload) }),
          ...(key === undefined ? {} : { 'X-API-Key': key }),
          ...(cookie === undefined ? {} : { Cookie: cookie }),
          ...headers,
        },
      },
      (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('error', reject);
        res.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const isJson = /[/+]json/.test(res.headers['content-type'] ?? '');
          resolve({ status: res.statusCode ?? 0, headers: res.headers, text, body: isJson && text !== '' ? JSON.parse(text) : null });
        });
      },
    );
    req.on('error', reject);
    req.end(payload);
  });
}

/** Every answer to a route of the table is one the table promises. */
function assertContract(method: string, path: string, { status, headers, body, text }: Answer): void {
  const pathname = path.split('?')[0] ?? '';
  const routes: RouteDefinition[] = Object.values(ROUTES);
  const matching = routes.filter(
    (candidate) => new RegExp(`^${candidate.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(pathname) && candidate.method === method.toLowerCase(),
  );
  const route = matching.find((candidate) => candidate.path === pathname) ?? matching[0];
  if (status >= 400) {
    if (pathname.startsWith('/health/')) return;
    Problem.parse(body);
    expect(body.status).toBe(status);
    expect(headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(body.requestId).toBe(headers['x-request-id']);
    if (route !== undefined) expect(problemStatusesOf(route)).toContain(status);
    return;
  }
  if (route === undefined) return;
  expect(Object.keys(route.responses)).toContain(String(status));
  const schema = route.responses[status];
  if (schema === null) expect(text).toBe('');
  // The same in another type, or as it comes.
  else if (route.stream !== undefined) expect(headers['content-type']).toMatch(route.stream);
  else if (String(headers['content-type']).startsWith(route.text ?? 'none')) expect(text).not.toBe('');
  else schema?.parse(body);
}
