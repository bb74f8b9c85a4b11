import { z } from 'zod';
import { CreatedInboundSecret, InboundBody, InboundHeaders, InboundReceipt, InboundSecret, InboundSecretInput } from './inbound-webhook.ts';
import { listOf, listQuery } from './lists.ts';
import { route } from './route.ts';
import {
  CreatedWebhookEndpoint,
  RotateWebhookSecretInput,
  WebhookDelivery,
  WebhookDeliveryStatus,
  WebhookEndpoint,
  WebhookEndpointChange,
  WebhookEndpointInput,
  WebhookReplay,
  WebhookReplayInput,
  WebhookTest,
} from './webhook.ts';

const ENDPOINTS = '/api/v1/webhooks/endpoints';
const SECRETS = '/api/v1/webhooks/inbound-secrets';
const Id = z.strictObject({ id: z.string().min(1).max(128) });
const read = { scope: 'webhooks:read', tag: 'Webhooks' } as const;
const write = { scope: 'webhooks:write', tag: 'Webhooks' } as const;

/** Lines of the route table about webhooks, out and in. */
export const WEBHOOK_ROUTES = {
  listWebhookEndpoints: route({
    ...read,
    method: 'get',
    path: ENDPOINTS,
    summary: 'List endpoints by id',
    request: { query: z.strictObject(listQuery) },
    responses: { 200: listOf(WebhookEndpoint) },
  }),
  createWebhookEndpoint: route({
    ...write,
    method: 'post',
    path: ENDPOINTS,
    summary: 'Add an endpoint; its secret is shown once, its URL never again',
    request: { body: WebhookEndpointInput },
    responses: { 201: CreatedWebhookEndpoint },
  }),
  getWebhookEndpoint: route({
    ...read,
    method: 'get',
    path: `${ENDPOINTS}/{id}`,
    summary: 'One endpoint and how it does',
    request: { params: Id },
    responses: { 200: WebhookEndpoint },
  }),
  changeWebhookEndpoint: route({
    ...write,
    method: 'put',
    path: `${ENDPOINTS}/{id}`,
    summary: 'Change name, URL or types',
    request: { params: Id, body: WebhookEndpointChange },
    responses: { 200: WebhookEndpoint },
  }),
  deleteWebhookEndpoint: route({
    ...write,
    method: 'delete',
    path: `${ENDPOINTS}/{id}`,
    summary: 'Send nothing to this endpoint any more, and forget its URL and secret',
    request: { params: Id },
    responses: { 204: null },
  }),
  testWebhookEndpoint: route({
    ...write,
    method: 'post',
    path: `${ENDPOINTS}/{id}/test`,
    summary: 'Send a `webhook.test` once and answer what came of it',
    request: { params: Id },
    responses: { 200: WebhookTest },
  }),
  rotateWebhookSecret: route({
    ...write,
    method: 'post',
    path: `${ENDPOINTS}/{id}/rotate-secret`,
    summary: 'A new secret and key pair; the old ones go on signing for a while',
    request: { params: Id, body: RotateWebhookSecretInput },
    responses: { 200: CreatedWebhookEndpoint },
  }),
  enableWebhookEndpoint: route({
    ...write,
    method: 'post',
    path: `${ENDPOINTS}/{id}/enable`,
    summary: 'Go on from now; what was missed is sent when it is asked for',
    request: { params: Id },
    responses: { 200: WebhookEndpoint },
  }),
  disableWebhookEndpoint: route({
    ...write,
    method: 'post',
    path: `${ENDPOINTS}/{id}/disable`,
    summary: 'Send nothing until it is enabled again',
    request: { params: Id },
    responses: { 200: WebhookEndpoint },
  }),
  listWebhookDeliveries: route({
    ...read,
    method: 'get',
    path: `${ENDPOINTS}/{id}/deliveries`,
    summary: 'What was sent to an endpoint, latest event first',
    request: { params: Id, query: z.strictObject({ ...listQuery, status: WebhookDeliveryStatus.optional() }) },
    responses: { 200: listOf(WebhookDelivery) },
  }),
  replayWebhooks: route({
    ...write,
    method: 'post',
    path: `${ENDPOINTS}/{id}/replay`,
    summary: 'Send one message, a span of time, or everything missed once more, under the same ids',
    request: { params: Id, body: WebhookReplayInput },
    responses: { 202: WebhookReplay },
  }),

  listInboundSecrets: route({
    ...read,
    method: 'get',
    path: SECRETS,
    summary: 'List the secrets that incoming messages are signed with, by id',
    request: { query: z.strictObject(listQuery) },
    responses: { 200: listOf(InboundSecret) },
  }),
  createInboundSecret: route({
    ...write,
    method: 'post',
    path: SECRETS,
    summary: 'Create a secret for incoming messages; it is shown once',
    request: { body: InboundSecretInput },
    responses: { 201: CreatedInboundSecret },
  }),
  revokeInboundSecret: route({
    ...write,
    method: 'delete',
    path: `${SECRETS}/{id}`,
    summary: 'Take nothing that is signed with this secret any more',
    request: { params: Id },
    responses: { 204: null },
  }),
  receiveWebhook: route({
    method: 'post',
    path: '/api/v1/webhooks/{orgId}/inbound',
    scope: 'public',
    tag: 'Webhooks',
    summary: 'Take a signed message from another tool. Its signature says who sends it; a session or a key is not looked at',
    request: { params: z.strictObject({ orgId: z.uuid() }), headers: InboundHeaders, body: InboundBody },
    responses: { 200: InboundReceipt },
  }),
} as const;
