import { z } from 'zod';
import { Hold, HoldInput } from './hold.ts';
import { listOf, listQuery } from './lists.ts';
import { Retention } from './retention.ts';
import { route } from './route.ts';

const Id = z.strictObject({ id: z.string().min(1).max(128) });

/** Lines of the route table about how long the ledger is kept, and about what is held beyond that. */
export const HOLD_ROUTES = {
  placeHold: route({
    method: 'post',
    path: '/api/v1/audit/holds',
    scope: 'admin',
    tag: 'Audit',
    summary: 'Place a legal hold: what was recorded in its time stays',
    request: { body: HoldInput },
    responses: { 201: Hold },
  }),
  listHolds: route({
    method: 'get',
    path: '/api/v1/audit/holds',
    scope: 'audit:read',
    tag: 'Audit',
    summary: 'Legal holds, newest first',
    request: { query: z.strictObject({ ...listQuery, status: z.enum(['in-force', 'released']).optional() }) },
    responses: { 200: listOf(Hold) },
  }),
  getHold: route({
    method: 'get',
    path: '/api/v1/audit/holds/{id}',
    scope: 'audit:read',
    tag: 'Audit',
    summary: 'One legal hold',
    request: { params: Id },
    responses: { 200: Hold },
  }),
  releaseHold: route({
    method: 'post',
    path: '/api/v1/audit/holds/{id}/release',
    scope: 'admin',
    tag: 'Audit',
    summary: 'Release a legal hold; what was due meanwhile goes with the next purge',
    request: { params: Id },
    responses: { 200: Hold },
  }),
  getRetention: route({
    method: 'get',
    path: '/api/v1/audit/retention',
    scope: 'audit:read',
    tag: 'Audit',
    summary: 'How long the ledger is kept, and what a coming reduction will take',
    responses: { 200: Retention },
  }),
} as const;
