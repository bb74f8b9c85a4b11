import { z } from 'zod';

/** What a key or a member may do. A route names exactly one. */
export const Scope = z.enum([
  'events:write',
  'events:read',
  'agents:read',
  'agents:write',
  'policies:read',
  'policies:write',
  'hitl:read',
  'hitl:decide',
  'audit:read',
  'keys:manage',
  'members:read',
  'members:manage',
  'webhooks:read',
  'webhooks:write',
  'admin',
]);
export type Scope = z.infer<typeof Scope>;

export const Role = z.enum(['Owner', 'Admin', 'Reviewer', 'Auditor', 'Viewer']);
export type Role = z.infer<typeof Role>;
