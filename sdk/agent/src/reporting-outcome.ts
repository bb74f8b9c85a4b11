import type { ShieldDecision } from './decision.ts';
import type { Governor } from './governor.ts';

/** Does it; where the rule asks how the action went, that is told. */
export async function reportingOutcome<Result>(
  governor: Governor,
  decision: ShieldDecision,
  run: () => Result | PromiseLike<Result>,
): Promise<Awaited<Result>> {
  try {
    const result = await run();
    if (decision.attestation !== undefined) governor.reportOutcome(decision, 'executed');
    return result;
  } catch (error) {
    if (decision.attestation !== undefined) governor.reportOutcome(decision, 'failed');
    throw error;
  }
}
