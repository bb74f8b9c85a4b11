import { CancellationScope, proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { CheckedLedger, LedgerCheckActivities } from '../activities/ledger-check.ts';
import { cancellationOf } from './cancellation.ts';
import { MAINTENANCE_STEP, CHECK_STEP } from './options.ts';

const { checkLedger } = proxyActivities<LedgerCheckActivities>(CHECK_STEP);
const { endCheck } = proxyActivities<LedgerCheckActivities>(MAINTENANCE_STEP);

export interface LedgerCheckRequest {
  orgId: string;
  checkId: string;
}

/** Verifies an organisation's ledger; nothing is ever repaired. A run that is cancelled ends the check. */
export async function verifyLedger({ orgId, checkId }: LedgerCheckRequest): Promise<CheckedLedger> {
  try {
    const checked = await checkLedger({ orgId, checkId });
    setCurrentDetails(`**${checked.done} of ${checked.total}** entries, ${checked.status}, ${checked.findings} findings`);
    return checked;
  } catch (error) {
    const cancelled = cancellationOf(error);
    if (cancelled !== undefined) await CancellationScope.nonCancellable(() => endCheck({ orgId, checkId }));
    throw cancelled ?? error;
  }
}
