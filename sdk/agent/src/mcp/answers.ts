import type { Review } from '../../../compliance/src/api-types.ts';
import type { ShieldDecision } from '../decision.ts';
import type { Held } from './held-operations.ts';
import type { Members } from './json-rpc.ts';

/** Where answers of the proxy say for programs what their text says for models. */
export const DECISION_META = 'io.mastguard/decision';

/** Why a call is not done, in a form an agent can plan around. */
export interface Denial {
  reason: string;
  reviewId?: string | undefined;
  /** Whether the same call may be answered otherwise later. */
  retryable: boolean;
  eventId?: string | undefined;
}

export function denialOf({ source, reasons, review, eventId }: ShieldDecision): Denial {
  return { reason: reasons.join(' ') || 'No reason was given.', reviewId: review?.id, retryable: source === 'fail-mode', eventId };
}

const REFUSALS: Readonly<Record<string, string>> = {
  rejected: 'A reviewer has rejected it.',
  expired: 'Nobody has decided in time.',
  withdrawn: 'The request was withdrawn.',
  refused: 'A change of policy, agent or key has decided against it while it waited.',
};

/** Of a review that is settled and does not allow it. */
export function denialOfReview({ id, status, response, eventId, steps }: Review): Denial {
  const said = steps.findLast(({ step, reason }) => step === 'reject' && reason !== undefined)?.reason;
  const reason = status === 'responded' ? `A reviewer answers: ${response ?? ''}` : [REFUSALS[status] ?? 'It was not allowed.', said].filter(Boolean).join(' ');
  return { reason, reviewId: id, retryable: status === 'expired' || status === 'withdrawn', eventId };
}

/** The answer to a call that is not done. No structured content: clients check that against the tool's own schema, of errors too. */
export function denied(denial: Denial): Members {
  const advice = denial.retryable ? 'It may be tried again later.' : 'Do not try it again as it is.';
  return failure(`MastGuard has not allowed this call; it has not been done. ${denial.reason} ${advice}`, { denied: true, ...denial });
}

/** The answer to a call that was done, with a result that must not be read. */
export function withheld(denial: Denial): Members {
  return failure(`The call has been done. MastGuard withholds what the tool answered: ${denial.reason}`, {
    denied: true,
    withheld: true,
    ...denial,
    retryable: false,
  });
}

/**
 * The answer to a call that still waits for people.
 * @param asError for tools with an output schema, of which clients expect a structured result otherwise
 */
export function pending({ reviewId, url, expiresAt }: Held, { asError }: { asError: boolean }): Members {
  const text =
    `MastGuard holds this call until people have decided (review ${reviewId}, at the latest at ${expiresAt}). It has not been done. ` +
    'Call the tool again with the same arguments to go on waiting; once it is approved, that call does it, once. Other arguments are another request.';
  return {
    content: [{ type: 'text', text }],
    ...(asError ? { isError: true } : {}),
    _meta: { [DECISION_META]: { pending: true, reviewId, url, expiresAt, retryable: true } },
  };
}

const failure = (text: string, meta: Members): Members => ({ content: [{ type: 'text', text }], isError: true, _meta: { [DECISION_META]: meta } });
