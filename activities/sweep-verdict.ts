import { actionDigest } from '../core/decision/action-digest.ts';
import type { ReviewPlan } from '../core/hitl/review.ts';
import { canonicalize } from '../core/json/canonical.ts';
import type { WholeEventRecord } from '../core/ledger/event-record.ts';
import type { ReviewLadderRow, ReviewSummary } from '../db/queries/review-steps.ts';
import type { Json } from '../schemas/json.ts';
import type { SweepCause } from '../schemas/sweep.ts';
import { sha256Hex } from './settlement.ts';
import type { Weighed } from './weigh.ts';

/** What a change makes of one review that waits. */
export type Verdict = (
  | { kind: 'ends'; status: 'released' | 'refused'; reason: string; digest?: string; flagged?: boolean }
  /** From the first level on, all votes void. */
  | { kind: 'asked-again'; reason: string; plan: ReviewPlan; digest: string }
  | { kind: 'void'; reason: string; via: string }
  | { kind: 'same' }
) & { basis?: Pick<ReviewSummary, 'reasons' | 'policy'>; configVersion?: number };

/** What an event was when it came, and how it weighs now. */
export interface Known {
  record?: WholeEventRecord | undefined;
  weighed?: Weighed | undefined;
}

/** Whether the verdict depends on how the event weighs now. */
export const isWeighing = ({ kind }: SweepCause): boolean => kind === 'policy-activated' || kind === 'agent-changed';

/** Whether it depends on the event itself. */
export const needsRecord = (cause: SweepCause, row: ReviewLadderRow): boolean =>
  isWeighing(cause) || (cause.kind === 'key-revoked' && isEditedBy(row, cause.keyId));

/** Null: the change does not concern this review, or what concerns it is another sweep's. */
export function verdictOf(cause: SweepCause, row: ReviewLadderRow, known: Known): Verdict | null {
  switch (cause.kind) {
    case 'policy-activated':
      return weighedVerdict(row, known, 'the policy was changed');
    case 'agent-changed':
      return weighedVerdict(row, known, 'the profile of the agent was changed');
    case 'agent-stopped':
      return { kind: 'ends', status: 'refused', reason: stopped('the agent was stopped', cause.reason) };
    case 'agents-stopped':
      return { kind: 'ends', status: 'refused', reason: stopped(`stopped by ${cause.stopId}`, cause.reason) };
    case 'key-revoked':
      return keyVerdict(row, known, cause.keyId);
    case 'inbound-secret-revoked':
      return voidVerdict(row, `webhook:${cause.secretId}`, 'the secret of the message that voted was revoked');
    case 'subject-erased':
      return { kind: 'ends', status: 'refused', reason: 'the data that it is about were erased' };
  }
}

function weighedVerdict(row: ReviewLadderRow, { record, weighed }: Known, what: string): Verdict | null {
  // An agent that is stopped by now is the stop's own sweep's, which lists what it has cancelled.
  if (record === undefined || weighed === undefined || weighed.stopped !== null) return null;
  const { evaluation, configVersion } = weighed;
  const { policy, reasons, review: plan, value } = evaluation;
  const digest = actionDigest(record.event, policy?.version ?? null, sha256Hex);
  const common = { basis: { reasons, policy }, configVersion };
  const because = `${what}: ${reasons[0] ?? (value === 'HITL' ? 'people decide' : 'nothing speaks against it')}`;
  if (value === 'BLOCK') return { ...common, kind: 'ends', status: 'refused', reason: because };
  if (value !== 'HITL' || plan === null) return { ...common, kind: 'ends', status: 'released', reason: because, digest, flagged: value === 'ALERT' };
  const before = row.summary.policy;
  // The digest covers the version of the policy and nothing else that could have changed.
  const isSame = before?.version === policy?.version && before?.ruleId === policy?.ruleId && text(plan) === text(row.plan);
  return isSame ? { ...common, kind: 'same' } : { ...common, kind: 'asked-again', reason: because, plan, digest };
}

function keyVerdict(row: ReviewLadderRow, { record }: Known, keyId: string): Verdict | null {
  if (row.kind === 'gate' && row.summary.requester === `key:${keyId}`) return { kind: 'ends', status: 'refused', reason: 'the key that asked was revoked' };
  const via = `key:${keyId}`;
  if (record !== undefined && isEditedBy(row, keyId)) {
    const digest = actionDigest(record.event, row.summary.policy?.version ?? null, sha256Hex);
    return { kind: 'asked-again', reason: 'the key that changed the arguments was revoked', plan: row.plan, digest };
  }
  return voidVerdict(row, via, 'the key that voted was revoked');
}

const voidVerdict = ({ state }: ReviewLadderRow, via: string, reason: string): Verdict | null =>
  state.votes?.some((vote) => vote.via === via) === true ? { kind: 'void', reason, via } : null;

/** Arguments put in place through a key fall with it: the votes since are about them. */
function isEditedBy({ state }: ReviewLadderRow, keyId: string): boolean {
  return state.args !== undefined && state.steps.findLast(({ step }) => step === 'edit')?.via === `key:${keyId}`;
}

const stopped = (what: string, reason: string): string => (reason === '' ? what : `${what}: ${reason}`);

const text = (plan: ReviewPlan): string => canonicalize(plan as unknown as Json);
