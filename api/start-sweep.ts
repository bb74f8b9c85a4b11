import type { Sql } from '../db/client.ts';
import type { AuditEntry } from '../db/queries/audit.ts';
import { findSweep, sweepIdOf } from '../db/queries/sweeps.ts';
import type { GovernanceRuntime } from './governance-runtime.ts';

/**
 * Lets a change reach the reviews that wait. The change is made and its sweep stands on record beside it, so nothing here may fail the
 * request: a sweep that cannot be started now is taken up within a minute.
 */
export async function startSweep({ sql, runtime }: { sql: Sql; runtime: Pick<GovernanceRuntime, 'sweep'> }, orgId: string, audit: AuditEntry): Promise<void> {
  try {
    const sweep = await findSweep(sql, { orgId, sweepId: sweepIdOf(audit) });
    if (sweep?.status === 'running') await runtime.sweep({ orgId, sweepId: sweep.id, cause: sweep.cause });
  } catch {
    // See above.
  }
}
