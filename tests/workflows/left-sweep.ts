import { activatePolicy, createPolicyVersion } from '../../db/queries/policies.ts';
import { findSweep, sweepIdOf } from '../../db/queries/sweeps.ts';
import type { PolicySet } from '../../schemas/policy.ts';
import type { SweepRequest } from '../../workflows/sweep-reviews.ts';
import { auditOf } from '../support/ledger-records.ts';
import type { Stage } from './stage.ts';

/** Activates a policy as a process would that dies right after its commit; answers the sweep it leaves. */
export async function leaveSweep({ sql }: Stage, orgId: string, policy: PolicySet): Promise<SweepRequest> {
  const created = { orgId, policyId: 'pol_test', document: JSON.stringify(policy), digest: Buffer.alloc(32), createdBy: 'system' };
  const version = await createPolicyVersion(sql, { ...created, audit: auditOf('policy.version-created') });
  const audit = auditOf('policy.activated');
  await activatePolicy(sql, { orgId, policyId: 'pol_test', version: version ?? 0, audit });
  const sweepId = sweepIdOf(audit);
  const sweep = await findSweep(sql, { orgId, sweepId });
  if (sweep === undefined) throw new Error('the change left no sweep');
  return { orgId, sweepId, cause: sweep.cause };
}
