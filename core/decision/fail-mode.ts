import type { DecisionValue } from '../../schemas/decision.ts';
import type { StoredEventRecord } from '../ledger/event-record.ts';

/** What the record of an event says against letting it pass, where a fail mode did so nevertheless. Undefined where the two agree. */
export function overriddenDecision(
  value: DecisionValue,
  { decision, wouldHaveBeen }: Pick<StoredEventRecord, 'decision' | 'wouldHaveBeen'>,
): 'BLOCK' | 'HITL' | undefined {
  if (value === 'BLOCK' || value === 'HITL') return undefined;
  // What was delivered afterwards is decided ALERT at most, so its value alone says too little.
  return decision.value === 'BLOCK' || decision.value === 'HITL' ? decision.value : wouldHaveBeen;
}
