import type { Role, Scope } from '../../schemas/access.ts';

const READ: Scope[] = ['events:read', 'agents:read', 'policies:read', 'hitl:read'];

const ADMINISTRATE: Scope[] = [
  ...READ,
  'audit:read',
  'events:write',
  'agents:write',
  'policies:write',
  'hitl:decide',
  'keys:manage',
  'members:read',
  'members:manage',
  'webhooks:read',
  'webhooks:write',
];

/** The one permission table: which scopes each role holds. Keys carry scopes of their own. */
export const SCOPES_OF_ROLE: Readonly<Record<Role, readonly Scope[]>> = {
  Owner: [...ADMINISTRATE, 'admin'],
  Admin: ADMINISTRATE,
  Reviewer: [...READ, 'hitl:decide', 'members:read'],
  Auditor: [...READ, 'audit:read', 'members:read', 'webhooks:read'],
  Viewer: READ,
};
