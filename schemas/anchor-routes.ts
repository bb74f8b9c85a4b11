import { z } from 'zod';
import { AnchoredLog, AnchorReceipt } from './anchor.ts';
import { listOf, listQuery } from './lists.ts';
import { route } from './route.ts';

/** Lines of the route table about what was shown to the outside. */
export const ANCHOR_ROUTES = {
  listAnchorReceipts: route({
    method: 'get',
    path: '/api/v1/audit/anchors',
    scope: 'audit:read',
    tag: 'Audit',
    summary: 'Where checkpoints of this organisation and of the deployment log were shown, newest first',
    request: {
      query: z.strictObject({
        ...listQuery,
        of: AnchoredLog.optional().meta({ description: 'Whose checkpoints. Default: both.' }),
        anchor: z.string().min(1).max(40).optional().meta({ description: 'Name of one anchor.' }),
      }),
    },
    responses: { 200: listOf(AnchorReceipt) },
  }),
} as const;
