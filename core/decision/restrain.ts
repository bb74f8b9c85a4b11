import type { EventRecord } from '../ledger/event-record.ts';
import type { Evaluation } from './evaluation.ts';

/** A stopped agent is blocked whatever the policy says; what has happened already can only be flagged. `stopped`: why the agent is; null where it is not. */
export function restrain(evaluation: Evaluation, mode: EventRecord['mode'], stopped: string | null): Evaluation {
  const restrained: Evaluation =
    stopped === null
      ? evaluation
      : { ...evaluation, value: 'BLOCK', review: null, reasons: [`the agent is stopped${stopped === '' ? '' : `: ${stopped}`}`, ...evaluation.reasons] };
  const { value } = restrained;
  if (mode === 'governed' || value === 'ALLOW' || value === 'ALERT') return restrained;
  const reasons = [`observed after the fact; would have been ${value}`, ...restrained.reasons];
  return { ...restrained, value: 'ALERT', wouldHaveBeen: value, review: null, reasons };
}
