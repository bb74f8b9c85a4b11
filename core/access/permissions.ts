import type { Role, Scope } from '../../schemas/access.ts';

const READ: Scope[] = ['events:read', 'agents:read', 'policies:read', 'hitl:read'];

/** The one permission table: which scopes each role holds. Keys carry scopes of their own. */
export const SCOPES_OF_ROLE: Readonly<Record<Role, readonly Scope[]>> = {
  Owner: [...READ, 'audit:read', 'events:write', 'agents:write', 'policies:write', 'hitl:decide', 'keys:manage', 'members:read', 'members:manage', 'admin'],
  Admin: [...READ, 'audit:read', 'events:write', 'agents:write', 'policies:write', 'hitl:decide', 'keys:manage', 'members:read', 'members:manage'],
  Reviewer: [...READ, 'hitl:decide', 'members:read'],
  Auditor: [...READ, 'audit:read', 'members:read'],
  Viewer: READ,
};
