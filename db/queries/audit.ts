/** An administrative change as the ledger keeps it: `p_audit` of the functions in migration 0005. */
export interface AuditEntry {
  id: string;
  /** RFC 8785 text. */
  body: string;
  fields: { type: string; actor: string; target: string | null };
}

/** As a parameter: the driver must not guess its type. Use with `::text::jsonb`. */
export const auditParameter = (audit: AuditEntry): string => JSON.stringify(audit);
