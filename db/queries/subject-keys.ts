import type { Sql } from '../client.ts';

/** A subject's newest key. Every older one is destroyed. */
export interface SubjectKeyRow {
  /** Lower-case hex, as `commitment`. */
  subject: string;
  version: number;
  commitment: string;
  /** Null once destroyed. */
  wrapped: Buffer | null;
}

/** The newest keys of those subjects that have had one. The table itself can be read by nobody. */
export async function loadSubjectKeys(sql: Sql, { orgId, subjects }: { orgId: string; subjects: readonly string[] }): Promise<SubjectKeyRow[]> {
  const rows = await sql<SubjectKeyRow[]>`
    select subject, version, commitment, wrapped from subject_keys(${orgId}, ${sql.array([...subjects], 25)}::text[])`;
  return [...rows];
}
