import { randomUUID } from 'node:crypto';
import { canonicalize } from '../core/json/canonical.ts';
import type { AuditEntry } from '../db/queries/audit.ts';
import type { SubjectVault } from '../db/subject-vault.ts';
import type { Json, JsonObject } from '../schemas/json.ts';

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

export interface SealedAuditInput extends AuditInput {
  orgId: string;
  /** Reference of the data subject, and what about it people wrote. */
  subject: string;
  personal: JsonObject;
}

/** The same with a part that only the data subject's key opens. */
export function sealedAuditEntry(vault: SubjectVault, { orgId, subject, personal, ...input }: SealedAuditInput): AuditEntry {
  const entry = auditEntry(input);
  if (Object.keys(personal).length === 0) return entry;
  const { type, actor, target, requestId, details = {} } = input;
  const { sealed, keys } = vault.seal(orgId, [{ place: `audit/${entry.id}`, subject, fields: personal }]);
  const body = { v: 2, type, actor, target: target ?? null, requestId, details, sealed };
  return { ...entry, body: canonicalize(body as unknown as Json), keys, subjects: [subject] };
}
