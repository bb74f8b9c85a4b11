import { randomUUID } from 'node:crypto';
import { canonicalize } from '../core/json/canonical.ts';
import type { AuditEntry } from '../db/queries/audit.ts';
import type { Json } from '../schemas/json.ts';

export interface AuditInput {
  /** `<what>.<happened>`, such as `key.created`. */
  type: string;
  /** `key:<id>`, `member:<id>` or `system`. */
  actor: string;
  /** Id of what it happened to. */
  target?: string;
  requestId: string;
  /** Ids, digests, enumerations and stated reasons: never a secret or an address. */
  details?: { [key: string]: Json };
}

/** An audit record. Its time and place are the ledger's to say. */
export function auditEntry({ type, actor, target, requestId, details = {} }: AuditInput): AuditEntry {
  const body = { v: 1, type, actor, target: target ?? null, requestId, details };
  return { id: randomUUID(), body: canonicalize(body), fields: { type, actor, target: target ?? null } };
}
