import { randomBytes, randomUUID } from 'node:crypto';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { pino } from 'pino';
import { sha256Hex } from '../../activities/settlement.ts';
import type { GovernEventInput } from '../../core/decision/govern-event-input.ts';
import { canonicalize } from '../../core/json/canonical.ts';
import type { Sql } from '../../db/client.ts';
import { createSubjectVault, type SubjectVault } from '../../db/subject-vault.ts';
import type { GovernanceEvent } from '../../schemas/event.ts';
import type { Json } from '../../schemas/json.ts';
import type { PolicySet } from '../../schemas/policy.ts';
import type { ReviewVerb } from '../../schemas/review.ts';
import type { AnchorConfig } from '../../workers/anchor-config.ts';
import type { OutboundConfig, ServerConfig, WorkerRole } from '../../workers/config.ts';
import { createPayloadCodec } from '../../workers/payload-codec.ts';
import { type Product, startProduct } from '../../workers/product.ts';
import { startGovernEvent } from '../../workers/start-govern-event.ts';
import type { governEvent } from '../../workflows/govern-event.ts';
import type { ReviewVote } from '../../workflows/messages.ts';
import { createTestDatabase, openTestPool } from '../support/database.ts';
import { type PausableProxy, startPausableProxy } from '../support/pausable-proxy.ts';
import { addTestOrganization, type OrganizationOptions, type TestOrganization } from '../support/product.ts';

/** A database, a namespace and an organisation, on which a test opens and stops products as it needs them. */
export interface Stage extends TestOrganization {
  /** As the application. */
  sql: Sql;
  /** The same with its personal fields. */
  vault: SubjectVault;
  adminUrl: string;
  /** With our codec. */
  temporal: Client;
  /** Without it: what Temporal itself holds. */
  raw: Client;
  namespace: string;
  /** Between the products and PostgreSQL; the test's own `sql` goes past it. */
  proxy: PausableProxy;
  open: (roles: WorkerRole[]) => Promise<Product>;
  addOrganization: (options?: OrganizationOptions) => Promise<TestOrganization>;
  /** What the API would start the run with. */
  inputOf: (event: Partial<GovernanceEvent> & { action: string }, orgId?: string) => GovernEventInput;
  start: (input: GovernEventInput) => Promise<WorkflowHandle<typeof governEvent>>;
  stop: () => Promise<void>;
}

export async function openStage({
  masterKey = randomBytes(32),
  policy,
  outbound,
  anchors = [],
}: { masterKey?: Buffer; policy?: PolicySet; outbound?: OutboundConfig; anchors?: readonly AnchorConfig[] } = {}): Promise<Stage> {
  const address = process.env['TEST_TEMPORAL_ADDRESS'];
  const workflowBundlePath = process.env['TEST_WORKFLOW_BUNDLE'];
  if (address === undefined || workflowBundlePath === undefined) throw new Error('this needs the servers of tests/support/global-setup.mjs');
  const database = await createTestDatabase();
  const proxy = await startPausableProxy(database.appUrl);
  const namespace = `stage-${randomUUID()}`;
  const connection = await Connection.connect({ address });
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: 86_400 } as never });
  const config: Omit<ServerConfig, 'roles'> = {
    databaseUrl: proxy.url,
    databaseRole: undefined,
    host: '127.0.0.1',
    port: 0,
    metricsPort: undefined,
    publicUrl: 'http://127.0.0.1:8787',
    temporalUiUrl: undefined,
    masterKey,
    decisionDeadlineMs: 2_000,
    rateLimitPerMinute: 1_000_000,
    logLevel: 'fatal',
    workflowBundlePath,
    ...(outbound && { outbound }),
    anchors,
    purge: { databaseUrl: proxy.url.replace('role=mg_app', 'role=mg_purge') },
    temporal: { address, namespace },
  };
  const sql = openTestPool({ url: database.appUrl, maxConnections: 4 });
  const organization = await addTestOrganization(sql, masterKey, policy === undefined ? {} : { policy });
  // The people whose votes the tests send.
  await Promise.all([organization.keyOf('Reviewer'), organization.keyOf('Owner')]);
  const temporal = new Client({ connection, namespace, dataConverter: { payloadCodecs: [createPayloadCodec(masterKey)] } });
  const products = new Set<Product>();

  return {
    ...organization,
    sql,
    vault: createSubjectVault({ sql, masterKey }),
    adminUrl: database.adminUrl,
    temporal,
    raw: new Client({ connection, namespace }),
    namespace,
    proxy,
    async open(roles) {
      const product = await startProduct({ ...config, roles: new Set(roles) }, pino({ level: 'fatal' }));
      products.add(product);
      return { ...product, stop: () => (products.delete(product) ? product.stop() : Promise.resolve()) };
    },
    addOrganization: (options = {}) => addTestOrganization(sql, masterKey, options),
    inputOf(partial, orgId = organization.orgId) {
      const event = { id: randomUUID(), agentId: 'treasury', ...partial } as GovernanceEvent;
      return {
        orgId,
        event,
        digest: sha256Hex(canonicalize(event as unknown as Json)),
        requester: 'key:test',
        requestId: 'req_test',
        receivedAtMs: Date.now(),
      };
    },
    start: (input) => startGovernEvent(temporal, input, { eager: false, timeoutMs: 10_000 }),
    async stop() {
      proxy.restore();
      await Promise.all([...products].map((product) => product.stop()));
      await proxy.close();
      await sql.end({ timeout: 5 });
      await connection.close();
      await database.drop();
    },
  };
}

export const REVIEWER = { memberId: 'mem_reviewer' };
export const OWNER = { memberId: 'mem_owner' };

export const voteOf = (verb: ReviewVerb, reviewer: { memberId: string } = REVIEWER, requestId: string = randomUUID()): ReviewVote => ({
  requestId,
  reviewer,
  verb,
});

/** The steps of a review as its row has them, and how many of them the ledger holds. */
export async function stepsOf(
  { sql, orgId }: Stage,
  reviewId: string,
): Promise<{ steps: { step: string; level: number; actor: string }[]; recorded: number; status: string }> {
  return sql.begin(async (tx) => {
    await tx`select set_config('mg.org_id', ${orgId}, true)`;
    const [row] = await tx<{ state: string; status: string; recorded: number }[]>`
      select state, status, (select count(*)::int from hitl_decisions d where d.org_id = ${orgId} and d.review_id = ${reviewId}) as recorded
      from review where org_id = ${orgId} and id = ${reviewId}`;
    if (row === undefined) throw new Error(`there is no review ${reviewId}`);
    return { steps: (JSON.parse(row.state) as { steps: { step: string; level: number; actor: string }[] }).steps, recorded: row.recorded, status: row.status };
  });
}
