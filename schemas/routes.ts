import { z } from 'zod';
import { Agent, AgentProfile } from './agent.ts';
import { ALERT_ROUTES } from './alert-routes.ts';
import { ANCHOR_ROUTES } from './anchor-routes.ts';
import { AUDIT_ROUTES } from './audit-routes.ts';
import { BILLING_ROUTES } from './billing.ts';
import { CHANNEL_ROUTES } from './channel-routes.ts';
import { Decision, DecisionValue } from './decision.ts';
import { ERASURE_ROUTES } from './erasure-routes.ts';
import { EventInput } from './event.ts';
import { BatchInput, BatchResult, EvaluationResult, EventDetail, EventSummary } from './event-views.ts';
import { FAIL_MODE_ROUTES } from './fail-mode.ts';
import { GRANT_ROUTES } from './grant-routes.ts';
import { HOLD_ROUTES } from './hold-routes.ts';
import { AgentId, EventId, SessionId } from './ids.ts';
import { ApiKey, CreatedKey, CreateKeyInput, KeyId } from './key.ts';
import { integerParameter, listOf, listQuery } from './lists.ts';
import { Organization } from './organization.ts';
import { OTLP_ROUTES } from './otlp-routes.ts';
import { OUTCOME_ROUTES } from './outcome.ts';
import { Policy, PolicySet, PolicyVersion } from './policy.ts';
import { REVIEW_ROUTES } from './review-routes.ts';
import { REVIEW_WORK_ROUTES } from './review-work-routes.ts';
import { LARGE_MAX_BYTES, route } from './route.ts';
import { SignInInput, WhoAmI } from './session.ts';
import { STOP_ROUTES } from './stop-routes.ts';
import { plainText } from './text.ts';
import { WEBHOOK_ROUTES } from './webhook-routes.ts';

const ResourceId = z.string().min(1).max(128);
const VersionNumber = integerParameter(z.int().min(1).max(2_147_483_647));
const IdempotencyHeaders = z.object({
  'idempotency-key': EventId.optional().meta({
    description: 'The event id, where the body does not carry one. A retry with the same key returns the same decision.',
  }),
});

/** Every route of the API, by the name of what it does. */
export const ROUTES = {
  ingestEvent: route({
    method: 'post',
    path: '/api/v1/governance/events',
    scope: 'events:write',
    tag: 'Governance',
    summary: 'Govern one event and answer the decision',
    admission: true,
    request: { headers: IdempotencyHeaders, body: EventInput },
    responses: { 200: Decision },
  }),
  ingestBatch: route({
    method: 'post',
    path: '/api/v1/governance/events/batch',
    scope: 'events:write',
    tag: 'Governance',
    summary: 'Record events after the fact',
    admission: true,
    request: { body: BatchInput, maxBytes: LARGE_MAX_BYTES },
    responses: { 200: BatchResult },
  }),
  evaluateEvent: route({
    method: 'post',
    path: '/api/v1/governance/evaluate',
    scope: 'events:write',
    tag: 'Governance',
    summary: 'Dry run: what would be decided now; stores nothing and uses no grant up',
    request: { body: EventInput },
    responses: { 200: EvaluationResult },
  }),
  listEvents: route({
    method: 'get',
    path: '/api/v1/governance/events',
    scope: 'events:read',
    tag: 'Governance',
    summary: 'List events, newest first',
    request: { query: z.strictObject({ ...listQuery, agentId: AgentId.optional(), value: DecisionValue.optional(), sessionId: SessionId.optional() }) },
    responses: { 200: listOf(EventSummary) },
  }),
  getEvent: route({
    method: 'get',
    path: '/api/v1/governance/events/{id}',
    scope: 'events:read',
    tag: 'Governance',
    summary: 'One event with its decision and review',
    request: { params: z.strictObject({ id: EventId }) },
    responses: { 200: EventDetail },
  }),
  ...OTLP_ROUTES,

  listAgents: route({
    method: 'get',
    path: '/api/v1/governance/agents',
    scope: 'agents:read',
    tag: 'Agents',
    summary: 'List agents by id',
    request: { query: z.strictObject(listQuery) },
    responses: { 200: listOf(Agent) },
  }),
  getAgent: route({
    method: 'get',
    path: '/api/v1/governance/agents/{agentId}',
    scope: 'agents:read',
    tag: 'Agents',
    summary: 'One agent',
    request: { params: z.strictObject({ agentId: AgentId }) },
    responses: { 200: Agent },
  }),
  putAgent: route({
    method: 'put',
    path: '/api/v1/governance/agents/{agentId}',
    scope: 'agents:write',
    tag: 'Agents',
    summary: "Set an agent's profile, registering the agent where it is new",
    request: { params: z.strictObject({ agentId: AgentId }), body: AgentProfile, maxBytes: LARGE_MAX_BYTES },
    responses: { 200: Agent },
  }),
  stopAgent: route({
    method: 'post',
    path: '/api/v1/governance/agents/{agentId}/stop',
    scope: 'agents:write',
    tag: 'Agents',
    summary: 'Stop an agent: its events are blocked from now on',
    request: { params: z.strictObject({ agentId: AgentId }), body: z.strictObject({ reason: plainText(1_024) }) },
    responses: { 200: Agent },
  }),
  resumeAgent: route({
    method: 'post',
    path: '/api/v1/governance/agents/{agentId}/resume',
    scope: 'agents:write',
    tag: 'Agents',
    summary: 'Let a stopped agent act again',
    request: { params: z.strictObject({ agentId: AgentId }) },
    responses: { 200: Agent },
  }),

  listPolicies: route({
    method: 'get',
    path: '/api/v1/policies',
    scope: 'policies:read',
    tag: 'Policies',
    summary: 'List policies by id',
    request: { query: z.strictObject(listQuery) },
    responses: { 200: listOf(Policy) },
  }),
  createPolicy: route({
    method: 'post',
    path: '/api/v1/policies',
    scope: 'policies:write',
    tag: 'Policies',
    summary: 'Create a policy with its first version',
    request: { body: z.strictObject({ name: plainText(200), document: PolicySet }), maxBytes: LARGE_MAX_BYTES },
    responses: { 201: Policy },
  }),
  getPolicy: route({
    method: 'get',
    path: '/api/v1/policies/{id}',
    scope: 'policies:read',
    tag: 'Policies',
    summary: 'One policy',
    request: { params: z.strictObject({ id: ResourceId }) },
    responses: { 200: Policy },
  }),
  listPolicyVersions: route({
    method: 'get',
    path: '/api/v1/policies/{id}/versions',
    scope: 'policies:read',
    tag: 'Policies',
    summary: 'List the versions of a policy, newest first',
    request: { params: z.strictObject({ id: ResourceId }), query: z.strictObject(listQuery) },
    responses: { 200: listOf(PolicyVersion) },
  }),
  createPolicyVersion: route({
    method: 'post',
    path: '/api/v1/policies/{id}/versions',
    scope: 'policies:write',
    tag: 'Policies',
    summary: 'Add a version; it decides nothing until it is activated',
    request: { params: z.strictObject({ id: ResourceId }), body: z.strictObject({ document: PolicySet }), maxBytes: LARGE_MAX_BYTES },
    responses: { 201: PolicyVersion },
  }),
  getPolicyVersion: route({
    method: 'get',
    path: '/api/v1/policies/{id}/versions/{version}',
    scope: 'policies:read',
    tag: 'Policies',
    summary: 'One version with its document',
    request: { params: z.strictObject({ id: ResourceId, version: VersionNumber }) },
    responses: { 200: PolicyVersion },
  }),
  activatePolicyVersion: route({
    method: 'post',
    path: '/api/v1/policies/{id}/versions/{version}/activate',
    scope: 'policies:write',
    tag: 'Policies',
    summary: 'Make this version the one that decides',
    request: { params: z.strictObject({ id: ResourceId, version: VersionNumber }) },
    responses: { 200: Policy },
  }),

  ...REVIEW_ROUTES,
  ...REVIEW_WORK_ROUTES,
  ...STOP_ROUTES,
  ...GRANT_ROUTES,
  ...ALERT_ROUTES,
  ...OUTCOME_ROUTES,
  ...FAIL_MODE_ROUTES,
  ...CHANNEL_ROUTES,
  ...AUDIT_ROUTES,
  ...ERASURE_ROUTES,
  ...HOLD_ROUTES,
  ...ANCHOR_ROUTES,
  ...WEBHOOK_ROUTES,
  ...BILLING_ROUTES,

  listKeys: route({
    method: 'get',
    path: '/api/v1/keys',
    scope: 'keys:manage',
    tag: 'Access',
    summary: 'List API keys by id, without their secrets',
    request: { query: z.strictObject(listQuery) },
    responses: { 200: listOf(ApiKey) },
  }),
  createKey: route({
    method: 'post',
    path: '/api/v1/keys',
    scope: 'keys:manage',
    tag: 'Access',
    summary: 'Create an API key; the secret is shown once',
    request: { body: CreateKeyInput },
    responses: { 201: CreatedKey },
  }),
  revokeKey: route({
    method: 'delete',
    path: '/api/v1/keys/{id}',
    scope: 'keys:manage',
    tag: 'Access',
    summary: 'Revoke an API key at once',
    request: { params: z.strictObject({ id: KeyId }) },
    responses: { 204: null },
  }),
  signIn: route({
    method: 'post',
    path: '/api/v1/session',
    scope: 'public',
    tag: 'Access',
    summary: 'Sign in; sets the session cookie',
    request: { body: SignInInput },
    responses: { 200: WhoAmI },
  }),
  whoAmI: route({
    method: 'get',
    path: '/api/v1/session',
    scope: 'any',
    tag: 'Access',
    summary: 'Who the caller is and which scopes it holds',
    responses: { 200: WhoAmI },
  }),
  signOut: route({
    method: 'delete',
    path: '/api/v1/session',
    scope: 'any',
    tag: 'Access',
    summary: 'Sign out',
    responses: { 204: null },
  }),
  getOrganization: route({
    method: 'get',
    path: '/api/v1/organization',
    scope: 'any',
    tag: 'Access',
    summary: "The caller's organisation",
    responses: { 200: Organization },
  }),
};

export type RouteName = keyof typeof ROUTES;
