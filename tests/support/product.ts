import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { pino } from 'pino';
import { auditEntry } from '../../api/audit.ts';
import { mintApiKey, pepperOf } from '../../api/access/key-secret.ts';
import { hashPassword } from '../../api/access/password.ts';
import type { Sql } from '../../db/client.ts';
import { createKey } from '../../db/queries/keys.ts';
import { createMember } from '../../db/queries/members.ts';
import { createSubjectVault, type SubjectVault } from '../../db/subject-vault.ts';
import { createOrganization } from '../../db/queries/organizations.ts';
import { activatePolicy, createPolicy } from '../../db/queries/policies.ts';
import { canonicalize } from '../../core/json/canonical.ts';
import type { Role } from '../../schemas/access.ts';
import { Scope } from '../../schemas/access.ts';
import type { Decision } from '../../schemas/decision.ts';
import type { Json } from '../../schemas/json.ts';
import type { PolicySet } from '../../schemas/policy.ts';
import type { DecisionSpansConfig, OutboundConfig, ServerConfig, WorkerRole } from '../../workers/config.ts';
import { createPayloadCodec } from '../../workers/payload-codec.ts';
import { startProduct } from '../../workers/product.ts';
import { createTestDatabase, openTestPool } from './database.ts';
import { whileBusy } from './while-busy.ts';

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });

export interface TestOrganization {
  orgId: string;
  apiKey: string;
  /** A key bound to a member of that role, made on first use. */
  keyOf: (role: Role) => Promise<string>;
  /** A key bound to this member, made on first use; groups only matter then. */
  keyOfMember: (name: string, role: Role, groups?: string[]) => Promise<string>;
}

export interface TestProduct extends TestOrganization {
  apiUrl: string;
  /** As the application: role `mg_app`. */
  sql: Sql;
  /** The same with its personal fields; its keys are its own. */
  vault: SubjectVault;
  adminUrl: string;
  config: ServerConfig;
  temporal: Client;
  /** Asks again while the product is too busy. */
  call: <T = unknown>(method: string, path: string, options?: CallOptions) => Promise<Answer<T>>;
  /** The decision of an event. */
  decide: (event: object, options?: Pick<CallOptions, 'key' | 'at'>) => Promise<Decision>;
  addOrganization: (options?: OrganizationOptions) => Promise<TestOrganization>;
  /** A second product on the same database and namespace, as another process would be; answers its URL. */
  startBeside: () => Promise<{ apiUrl: string; stop: () => Promise<void> }>;
  stop: () => Promise<void>;
}

export interface CallOptions {
  /** An object is sent as JSON, a string as it is. */
  body?: unknown;
  key?: string;
  headers?: Record<string, string>;
  /** Another product than the first. */
  at?: string;
}

export interface Answer<T> {
  status: number;
  headers: Headers;
  body: T;
}

export interface OrganizationOptions {
  policy?: PolicySet;
  eventQuota?: number | null;
}

/** The whole product in this process on a database and a Temporal namespace of its own, reached through HTTP. */
export async function startTestProduct({
  roles = ['api', 'decision', 'hitl'],
  outbound,
  webhookWaitsMs,
  decisionSpans,
  ...organization
}: OrganizationOptions & {
  roles?: WorkerRole[];
  outbound?: OutboundConfig;
  webhookWaitsMs?: readonly number[];
  decisionSpans?: DecisionSpansConfig;
} = {}): Promise<TestProduct> {
  const address = process.env['TEST_TEMPORAL_ADDRESS'];
  const workflowBundlePath = process.env['TEST_WORKFLOW_BUNDLE'];
  if (address === undefined || workflowBundlePath === undefined) throw new Error('this test needs the servers of tests/support/global-setup.mjs');
  const database = await createTestDatabase();
  const namespace = `test-${randomUUID()}`;
  const stateDirectory = mkdtempSync(join(tmpdir(), 'mastguard-signer-'));
  const connection = await Connection.connect({ address });
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: 86_400 } as never });
  const config: ServerConfig = {
    roles: new Set(roles),
    databaseUrl: database.appUrl,
    databaseRole: undefined,
    host: '127.0.0.1',
    port: 0,
    metricsPort: undefined,
    publicUrl: 'http://127.0.0.1:8787',
    temporalUiUrl: undefined,
    masterKey: randomBytes(32),
    decisionDeadlineMs: 20_000,
    rateLimitPerMinute: 1_000_000,
    logLevel: 'fatal',
    workflowBundlePath,
    ...(outbound && { outbound }),
    ...(webhookWaitsMs && { webhookWaitsMs }),
    ...(decisionSpans && { decisionSpans }),
    signer: { databaseUrl: database.adminUrl, databaseRole: 'mg_signer', stateDirectory, host: 'ledger.example.com', hostIsGiven: true },
    purge: { databaseUrl: database.adminUrl, databaseRole: 'mg_purge' },
    temporal: { address, namespace },
  };
  const product = await startProduct(config, pino({ level: 'fatal' }));
  const sql = openTestPool({ url: database.appUrl, maxConnections: 4 });
  const first = await addTestOrganization(sql, config.masterKey, organization);
  const apiUrl = product.apiUrl ?? '';

  const call: TestProduct['call'] = async (method, path, { body, key = first.apiKey, headers = {}, at = apiUrl } = {}) => {
    // A connection that was idle may be closed by the other side at the moment of the next request.
    const sent = new Headers({ connection: 'close', 'x-api-key': key, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers });
    // By its id a vote that is sent again is known.
    if (!sent.has('x-request-id')) sent.set('x-request-id', `req_${randomUUID()}`);
    return whileBusy(async () => {
      const response = await fetch(`${at}${path}`, {
        method,
        headers: sent,
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: (text === '' ? null : JSON.parse(text)) as never };
    });
  };

  return {
    ...first,
    apiUrl,
    sql,
    vault: createSubjectVault({ sql, masterKey: config.masterKey }),
    adminUrl: database.adminUrl,
    config,
    temporal: new Client({ connection, namespace, dataConverter: { payloadCodecs: [createPayloadCodec(config.masterKey)] } }),
    call,
    async decide(event, options = {}) {
      // A retry attaches to the same event.
      const body = { id: randomUUID(), ...event };
      const answer = await call<Decision>('POST', '/api/v1/governance/events', { body, ...options });
      if (answer.status !== 200) throw new Error(`expected a decision, got ${answer.status}: ${JSON.stringify(answer.body)}`);
      return answer.body;
    },
    async startBeside() {
      const beside = await startProduct(config, pino({ level: 'fatal' }));
      return { apiUrl: beside.apiUrl ?? '', stop: beside.stop };
    },
    addOrganization: (options = {}) => addTestOrganization(sql, config.masterKey, options),
    async stop() {
      await product.stop();
      await sql.end({ timeout: 5 });
      await connection.close();
      await database.drop();
      rmSync(stateDirectory, { recursive: true });
    },
  };
}

/** An organisation with a key that may do everything, and its policy active where one is given. */
export async function addTestOrganization(sql: Sql, masterKey: Buffer, { policy, eventQuota = null }: OrganizationOptions = {}): Promise<TestOrganization> {
  const orgId = randomUUID();
  const audit = (type: string) => auditEntry({ type, actor: 'system', requestId: 'test' });
  await createOrganization(sql, { orgId, name: 'Test', plan: 'pro', retentionDays: 90, eventQuota, audit: audit('organization.created') });
  if (policy !== undefined) {
    const document = canonicalize(policy as unknown as Json);
    await createPolicy(sql, {
      orgId,
      policyId: 'pol_test',
      name: 'test',
      document,
      digest: Buffer.alloc(32),
      createdBy: 'system',
      audit: audit('policy.created'),
    });
    await activatePolicy(sql, { orgId, policyId: 'pol_test', version: 1, audit: audit('policy.activated') });
  }
  const mint = async (memberId: string | null): Promise<string> => {
    const minted = mintApiKey(pepperOf(masterKey), 'live');
    await createKey(sql, {
      orgId,
      id: minted.id,
      name: 'test',
      mode: 'live',
      scopes: Scope.options,
      memberId,
      secretHmac: minted.hmac,
      pepperVersion: minted.pepperVersion,
      createdBy: 'system',
      expiresAt: null,
      audit: audit('key.created'),
    });
    return minted.key;
  };
  const keys = new Map<string, Promise<string>>();
  const keyOfMember = (name: string, role: Role, groups: string[] = []): Promise<string> => {
    const known = keys.get(name);
    if (known !== undefined) return known;
    const made = (async () => {
      const id = `mem_${name}`;
      const passwordHash = await hashPassword('correct horse battery');
      await createMember(sql, { orgId, id, email: `${name}-${orgId}@example.com`, name, role, groups, passwordHash, audit: audit('member.created') });
      return mint(id);
    })();
    keys.set(name, made);
    return made;
  };
  return {
    orgId,
    apiKey: await mint(null),
    keyOfMember,
    keyOf: (role) => keyOfMember(role.toLowerCase(), role, role === 'Reviewer' ? ['finance'] : []),
  };
}
