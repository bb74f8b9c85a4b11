import { z } from 'zod';
import { Erasure, ErasureInput } from './erasure.ts';
import { listOf, listQuery } from './lists.ts';
import { route } from './route.ts';

const ErasureId = z.strictObject({ id: z.string().min(1).max(128) });

/** Lines of the route table about forgetting people. */
export const ERASURE_ROUTES = {
  createErasure: route({
    method: 'post',
    path: '/api/v1/audit/erasures',
    scope: 'admin',
    tag: 'Audit',
    summary: "Erase a person's data by destroying their keys; asked again, the same erasure goes on",
    request: { body: ErasureInput },
    responses: { 200: Erasure, 202: Erasure },
  }),
  listErasures: route({
    method: 'get',
    path: '/api/v1/audit/erasures',
    scope: 'audit:read',
    tag: 'Audit',
    summary: 'Erasures, newest first',
    request: { query: z.strictObject(listQuery) },
    responses: { 200: listOf(Erasure) },
  }),
  getErasure: route({
    method: 'get',
    path: '/api/v1/audit/erasures/{id}',
    scope: 'audit:read',
    tag: 'Audit',
    summary: 'One erasure: its receipt, and how far its runs are gone',
    request: { params: ErasureId },
    responses: { 200: Erasure },
  }),
  cancelErasure: route({
    method: 'post',
    path: '/api/v1/audit/erasures/{id}/cancel',
    scope: 'admin',
    tag: 'Audit',
    summary: 'Stop deleting histories; what is destroyed stays destroyed',
    request: { params: ErasureId },
    responses: { 200: Erasure },
  }),
} as const;
