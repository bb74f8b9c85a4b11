import type { AuditEntry } from '../db/queries/audit.ts';
import { LEDGER_KIND } from '../db/queries/ledger.ts';
import type { LedgerRecord } from '../db/queries/ledger.ts';

/** Appends one record and answers when it stands. */
export interface LedgerAppender {
  append(record: LedgerRecord): Promise<unknown>;
}

/** An audit record that changes nothing else, as the ledger takes it. */
export function auditRecord(orgId: string, { id, body, fields }: AuditEntry): LedgerRecord {
  return { org: orgId, kind: LEDGER_KIND.auditRecord, id, body, fields };
}
