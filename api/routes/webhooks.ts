import { z } from 'zod';
import { listWebhookDeliveries, type WebhookDeliveryRow } from '../../db/queries/webhook-deliveries.ts';
import {
  changeWebhookEndpoint,
  createWebhookEndpoint,
  deleteWebhookEndpoint,
  disableWebhookEndpoint,
  enableWebhookEndpoint,
  findWebhookEndpoint,
  listWebhookEndpoints,
  type WebhookEndpointRow,
} from '../../db/queries/webhook-endpoints.ts';
import type { Sql } from '../../db/client.ts';
import type { WebhookEndpointConfig, WebhookKeys, WebhookSeals } from '../../db/webhook-seal.ts';
import type { JsonObject } from '../../schemas/json.ts';
import { DEFAULT_PAGE_SIZE } from '../../schemas/lists.ts';
import type { WebhookDelivery, WebhookEndpoint } from '../../schemas/webhook.ts';
import { requesterOf } from '../access/principal.ts';
import { drawWebhookKeys } from '../access/webhook-keys.ts';
import { auditEntry } from '../audit.ts';
import { decodeCursor, decodePlace } from '../cursor.ts';
import type { GovernanceRuntime } from '../governance-runtime.ts';
import type { AuthenticatedFacts, Handlers } from '../handler.ts';
import { newId } from '../ids.ts';
import { pageOf } from '../page.ts';
import { HttpProblem } from '../problem.ts';

type WebhookRoutes =
  | 'listWebhookEndpoints'
  | 'createWebhookEndpoint'
  | 'getWebhookEndpoint'
  | 'changeWebhookEndpoint'
  | 'deleteWebhookEndpoint'
  | 'testWebhookEndpoint'
  | 'rotateWebhookSecret'
  | 'enableWebhookEndpoint'
  | 'disableWebhookEndpoint'
  | 'listWebhookDeliveries';

export interface WebhookRoutesOptions {
  sql: Sql;
  runtime: Pick<GovernanceRuntime, 'testWebhook' | 'obstacleToTarget'>;
  seal: WebhookSeals['endpoint'];
  now: () => number;
}

/** As `DeliveryPosition`. */
const DeliveryPlace = z.strictObject({ seq: z.int().min(0), messageId: z.string() });

const MOST_ENDPOINTS = 20;
const DEFAULT_KEEP_OLD_HOURS = 24;
/** Secrets that may sign at once: rotating faster than the old ones end drops the oldest. */
const MOST_KEYS = 4;

export function webhookRoutes({ sql, runtime, seal, now }: WebhookRoutesOptions): Handlers<WebhookRoutes> {
  const read = async (orgId: string, endpointId: string): Promise<WebhookEndpointRow> => {
    const row = await findWebhookEndpoint(sql, { orgId, endpointId });
    if (row === undefined) throw new HttpProblem('not-found');
    return row;
  };
  const configOf = (orgId: string, { id, config }: WebhookEndpointRow): WebhookEndpointConfig => seal.open(config, { orgId, id });
  const current = (keys: readonly WebhookKeys[]): WebhookKeys[] => keys.filter(({ endsAt }) => endsAt === undefined || Date.parse(endsAt) > now());
  const viewOf = (orgId: string, row: WebhookEndpointRow): WebhookEndpoint => {
    const { url, keys } = configOf(orgId, row);
    return endpointOf(
      row,
      new URL(url).host,
      current(keys).map(({ publicKey }) => publicKey),
    );
  };
  const assertReachable = async (url: string): Promise<void> => {
    const obstacle = await runtime.obstacleToTarget(url);
    if (obstacle !== null) throw new HttpProblem('validation-failed', { errors: [{ pointer: '/url', detail: obstacle }] });
  };
  const audit = (type: string, target: string, { principal, requestId }: AuthenticatedFacts, details: JsonObject = {}) =>
    // Never the URL: the ledger is kept for years, and it is a secret.
    auditEntry({ type, actor: requesterOf(principal), target, requestId, details });

  /** Reads, changes and writes, once more where somebody else was in between. */
  const change = async (
    endpointId: string,
    request: AuthenticatedFacts,
    type: string,
    changed: (row: WebhookEndpointRow, config: WebhookEndpointConfig) => { name?: string; types?: WebhookEndpointRow['types']; config?: WebhookEndpointConfig },
  ): Promise<void> => {
    const { orgId } = request.principal;
    for (let tries = 0; tries < 3; tries += 1) {
      const row = await read(orgId, endpointId);
      const before = configOf(orgId, row);
      const { name = row.name, types = row.types, config = before } = changed(row, before);
      const entry = audit(type, endpointId, request, { types, urlChanged: config.url !== before.url });
      const sealed = seal.seal(config, { orgId, id: endpointId });
      if (await changeWebhookEndpoint(sql, { orgId, endpointId, version: row.version, name, types, config: sealed, audit: entry })) return;
    }
    throw new HttpProblem('conflict', { detail: 'somebody else is changing this endpoint' });
  };

  return {
    async listWebhookEndpoints({ query: { limit = DEFAULT_PAGE_SIZE, cursor } }, { principal: { orgId } }) {
      const afterId = decodeCursor(cursor, 'string', { list: 'webhook-endpoints' }) ?? '';
      const rows = await listWebhookEndpoints(sql, { orgId, afterId, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, { limit, list: 'webhook-endpoints', positionOf: ({ id }) => id, itemOf: (row) => viewOf(orgId, row) }) };
    },

    async createWebhookEndpoint({ body: { name, url, types: given = [] } }, request) {
      const { orgId } = request.principal;
      await assertReachable(url);
      const id = newId('whe');
      const types = [...new Set(given)];
      const keys = drawWebhookKeys();
      const isMade = await createWebhookEndpoint(sql, {
        orgId,
        id,
        name,
        types,
        config: seal.seal({ url, keys: [keys] }, { orgId, id }),
        createdBy: requesterOf(request.principal),
        most: MOST_ENDPOINTS,
        audit: audit('webhook.endpoint-created', id, request, { types }),
      });
      if (!isMade) throw new HttpProblem('conflict', { detail: `an organisation has ${MOST_ENDPOINTS} endpoints at most` });
      return { status: 201, body: { ...viewOf(orgId, await read(orgId, id)), secret: keys.secret } };
    },

    async getWebhookEndpoint({ params: { id } }, { principal: { orgId } }) {
      return { status: 200, body: viewOf(orgId, await read(orgId, id)) };
    },

    async changeWebhookEndpoint({ params: { id }, body: { name, url, types } }, request) {
      const { orgId } = request.principal;
      await read(orgId, id);
      if (url !== undefined) await assertReachable(url);
      await change(id, request, 'webhook.endpoint-changed', (_row, config) => ({
        ...(name === undefined ? {} : { name }),
        ...(types === undefined ? {} : { types: [...new Set(types)] }),
        ...(url === undefined ? {} : { config: { ...config, url } }),
      }));
      return { status: 200, body: viewOf(orgId, await read(orgId, id)) };
    },

    async deleteWebhookEndpoint({ params: { id: endpointId } }, request) {
      const { orgId } = request.principal;
      if (!(await deleteWebhookEndpoint(sql, { orgId, endpointId, audit: audit('webhook.endpoint-deleted', endpointId, request) }))) {
        throw new HttpProblem('not-found');
      }
      return { status: 204, body: null };
    },

    async testWebhookEndpoint({ params: { id: endpointId } }, { principal: { orgId }, requestId: testId }) {
      await read(orgId, endpointId);
      return { status: 200, body: await runtime.testWebhook({ orgId, endpointId, testId }) };
    },

    async rotateWebhookSecret({ params: { id }, body: { keepOldForHours = DEFAULT_KEEP_OLD_HOURS } }, request) {
      const { orgId } = request.principal;
      const drawn = drawWebhookKeys();
      const endsAtMs = now() + keepOldForHours * 3_600_000;
      const ending = ({ endsAt, ...keys }: WebhookKeys): WebhookKeys => ({
        ...keys,
        endsAt: new Date(Math.min(endsAtMs, endsAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(endsAt))).toISOString(),
      });
      await change(id, request, 'webhook.secret-rotated', (_row, { url, keys }) => ({
        config: { url, keys: [drawn, ...current(keys.map(ending)).slice(0, MOST_KEYS - 1)] },
      }));
      return { status: 200, body: { ...viewOf(orgId, await read(orgId, id)), secret: drawn.secret } };
    },

    async enableWebhookEndpoint({ params: { id: endpointId } }, request) {
      const { orgId } = request.principal;
      // Enabling twice is no error; enabling what is not there is.
      await enableWebhookEndpoint(sql, { orgId, endpointId, audit: audit('webhook.endpoint-enabled', endpointId, request) });
      return { status: 200, body: viewOf(orgId, await read(orgId, endpointId)) };
    },

    async disableWebhookEndpoint({ params: { id: endpointId } }, request) {
      const { orgId } = request.principal;
      await disableWebhookEndpoint(sql, { orgId, endpointId, audit: audit('webhook.endpoint-disabled', endpointId, request) });
      return { status: 200, body: viewOf(orgId, await read(orgId, endpointId)) };
    },

    async listWebhookDeliveries({ params: { id: endpointId }, query: { limit = DEFAULT_PAGE_SIZE, cursor, status } }, { principal: { orgId } }) {
      const filters = { endpointId, status };
      const before = decodePlace(cursor, DeliveryPlace, { ...filters, list: 'webhook-deliveries' });
      await read(orgId, endpointId);
      const rows = await listWebhookDeliveries(sql, { orgId, endpointId, status, before, limit: limit + 1 });
      const positionOf = ({ seq, messageId }: WebhookDeliveryRow): string => JSON.stringify({ seq, messageId });
      return { status: 200, body: pageOf(rows, { limit, list: 'webhook-deliveries', filters, positionOf, itemOf: deliveryOf }) };
    },
  };
}

function endpointOf(
  { config: _config, version: _version, missedFrom, disabledAt, failingSince, lastDeliveredAt, throttledUntil, createdAt, ...row }: WebhookEndpointRow,
  host: string,
  publicKeys: string[],
): WebhookEndpoint {
  return {
    ...row,
    host,
    publicKeys,
    hasMissed: missedFrom !== null,
    disabledAt: disabledAt?.toISOString() ?? null,
    failingSince: failingSince?.toISOString() ?? null,
    lastDeliveredAt: lastDeliveredAt?.toISOString() ?? null,
    throttledUntil: throttledUntil?.toISOString() ?? null,
    createdAt: createdAt.toISOString(),
  };
}

function deliveryOf({ occurredAt, nextAt, createdAt, finishedAt, ...row }: WebhookDeliveryRow): WebhookDelivery {
  return {
    ...row,
    occurredAt: occurredAt.toISOString(),
    nextAttemptAt: nextAt?.toISOString() ?? null,
    createdAt: createdAt.toISOString(),
    finishedAt: finishedAt?.toISOString() ?? null,
  };
}
