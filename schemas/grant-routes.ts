import { z } from 'zod';
import { CreateGrantInput, Grant, GrantUse } from './grant.ts';
import { AgentId } from './ids.ts';
import { listOf, listQuery } from './lists.ts';
import { route } from './route.ts';

const GrantId = z.strictObject({ id: z.string().min(1).max(128) });

/** Lines of the route table about grants. */
export const GRANT_ROUTES = {
  listGrants: route({
    method: 'get',
    path: '/api/v1/hitl/grants',
    scope: 'hitl:read',
    tag: 'Reviews',
    summary: 'List grants, newest first',
    request: { query: z.strictObject({ ...listQuery, agentId: AgentId.optional() }) },
    responses: { 200: listOf(Grant) },
  }),
  createGrant: route({
    method: 'post',
    path: '/api/v1/hitl/grants',
    scope: 'hitl:decide',
    tag: 'Reviews',
    summary: 'Let one agent use one tool within bounds, for a while, so often',
    request: { body: CreateGrantInput },
    responses: { 201: Grant },
  }),
  revokeGrant: route({
    method: 'delete',
    path: '/api/v1/hitl/grants/{id}',
    scope: 'hitl:decide',
    tag: 'Reviews',
    summary: 'Revoke a grant at once',
    request: { params: GrantId },
    responses: { 204: null },
  }),
  listGrantUses: route({
    method: 'get',
    path: '/api/v1/hitl/grants/{id}/uses',
    scope: 'hitl:read',
    tag: 'Reviews',
    summary: 'The events a grant has let pass, in order',
    request: { params: GrantId, query: z.strictObject(listQuery) },
    responses: { 200: listOf(GrantUse) },
  }),
} as const;
