import type { SubjectKeyUse } from '../subject-keys.ts';

/** An administrative change as the ledger keeps it: `p_audit` of the functions in migration 0005. */
export interface AuditEntry {
  id: string;
  /** RFC 8785 text. */
  body: string;
  fields: { type: string; actor: string; target: string | null };
  /** Where part of the body is sealed: under which keys, and for whom. Only `sealed_audit_append` takes these. */
  keys?: SubjectKeyUse[];
  subjects?: string[];
}

/** As a parameter: the driver must not guess its type. Use with `::text::jsonb`. */
export const auditParameter = (audit: AuditEntry): string => JSON.stringify(audit);
