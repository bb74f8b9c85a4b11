import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { LadderState } from '../../core/hitl/ladder-state.ts';
import { canonicalize } from '../../core/json/canonical.ts';
import { consumeApproval } from '../../db/queries/consume.ts';
import { findReview, listQueue, listReviews, type ReviewRow } from '../../db/queries/reviews.ts';
import { recordId } from '../../db/record-id.ts';
import { storedDigest } from '../../db/review-seal.ts';
import type { SubjectVault } from '../../db/subject-vault.ts';
import type { JsonObject } from '../../schemas/json.ts';
import { DEFAULT_PAGE_SIZE } from '../../schemas/lists.ts';
import { requesterOf } from '../access/principal.ts';
import { findAskedReview } from '../asked-review.ts';
import { decodeCursor, decodePlace } from '../cursor.ts';
import type { GovernanceRuntime, ReviewOutcome } from '../governance-runtime.ts';
import type { Handlers } from '../handler.ts';
import { pageOf } from '../page.ts';
import { HttpProblem } from '../problem.ts';
import { reviewOf } from '../review-of.ts';
import { voterOf } from '../reviewer.ts';

type ReviewRoutes = 'listReviews' | 'listReviewQueue' | 'getReview' | 'decideReview' | 'withdrawReview' | 'consumeReview';

export function reviewRoutes({ vault, runtime }: { vault: SubjectVault; runtime: GovernanceRuntime }): Handlers<ReviewRoutes> {
  const { sql } = vault;
  const readReview = async (orgId: string, reviewId: string): Promise<ReviewRow> => found(await findReview(vault, { orgId, reviewId }));

  /** Reads once, and, where the review was pending, again whenever it is told of, until it has moved or the time is over. */
  const awaitReview = async (orgId: string, reviewId: string, timeoutMs: number, signal: AbortSignal): Promise<ReviewRow> => {
    const untilMs = Date.now() + timeoutMs;
    let seen: ReviewRow | undefined;
    for (;;) {
      const enough = new AbortController();
      // Listens before it reads, so that no change falls between the two.
      const changed = runtime.reviewChanged(orgId, reviewId, {
        timeoutMs: Math.max(0, untilMs - Date.now()),
        signal: AbortSignal.any([signal, enough.signal]),
      });
      try {
        const row = await readReview(orgId, reviewId);
        const moved = seen !== undefined && (row.state !== seen.state || row.joinedTo !== seen.joinedTo);
        if (row.status !== 'pending' || moved || signal.aborted || Date.now() >= untilMs) return row;
        seen = row;
        await changed;
      } finally {
        enough.abort();
        await changed.catch(() => undefined);
      }
    }
  };

  return {
    async listReviews({ query: { limit = DEFAULT_PAGE_SIZE, cursor, status } }, { principal: { orgId } }) {
      const filters = { status };
      const beforeId = decodeCursor(cursor, 'string', { ...filters, list: 'reviews' });
      const rows = await listReviews(vault, { orgId, status, beforeId, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, { limit, list: 'reviews', filters, positionOf: ({ id }) => id, itemOf: reviewOf }) };
    },

    async listReviewQueue({ query: { limit = DEFAULT_PAGE_SIZE, cursor } }, { principal: { orgId } }) {
      const after = decodePlace(cursor, QueuePlace, { list: 'review-queue' });
      const rows = await listQueue(vault, { orgId, after, limit: limit + 1 });
      const positionOf = ({ riskScore, createdAt, id }: ReviewRow): string => JSON.stringify({ riskScore, createdAt: createdAt.toISOString(), id });
      return { status: 200, body: pageOf(rows, { limit, list: 'review-queue', positionOf, itemOf: reviewOf }) };
    },

    async getReview({ params: { id }, query: { wait = 0 } }, { principal: { orgId }, signal }) {
      const row = wait === 0 ? await readReview(orgId, id) : await awaitReview(orgId, id, wait * 1_000, signal);
      return { status: 200, body: reviewOf(row) };
    },

    async decideReview({ params: { id }, body }, { principal, requestId }) {
      const { orgId } = principal;
      assertWhole(body);
      const [{ id: reviewId, eventId, kind }, voter] = await Promise.all([
        findAskedReview(vault, { orgId, reviewId: id }).then(found),
        voterOf(sql, principal),
      ]);
      settled(await runtime.review({ orgId, reviewId, eventId, kind, ...voter, ...given(body), verb: body.verb, requestId }));
      return { status: 200, body: reviewOf(await readReview(orgId, id)) };
    },

    async withdrawReview({ params: { id: reviewId }, body: { reason } }, { principal, requestId }) {
      const { orgId } = principal;
      const { eventId, kind } = await readReview(orgId, reviewId);
      if (kind !== 'gate') throw new HttpProblem('conflict', { detail: 'no agent waits for this review' });
      settled(
        await runtime.withdraw({ orgId, reviewId, eventId, kind, requestId, actor: requesterOf(principal), ...(reason === undefined ? {} : { reason }) }),
      );
      return { status: 200, body: reviewOf(await readReview(orgId, reviewId)) };
    },

    async consumeReview({ params: { id: reviewId }, body: { digest }, headers }, { principal }) {
      const { orgId } = principal;
      const consumer = `${requesterOf(principal)}/${headers['idempotency-key'] ?? randomUUID()}`;
      const row = await readReview(orgId, reviewId);
      // An approval that arrives right now is the next try's: the record says how the review stands, and a retry must be the same record.
      if (row.status === 'pending' && row.kind === 'gate') throw refusedApproval('pending', row.status);
      // A row of 0.1.0 has the digest as it is, and a retry must be the record that was made then.
      const isPlain = row.storedDigest === row.actionDigest;
      const actionDigest = isPlain ? digest : storedDigest(vault, orgId, digest);
      const fields = { reviewId, eventId: row.eventId, step: 'consume', actor: requesterOf(principal) };
      const body = canonicalize({
        v: isPlain ? 1 : 2,
        reviewId,
        eventId: row.eventId,
        actionDigest,
        step: 'consume',
        actor: fields.actor,
        level: 0,
        status: row.status,
        ...(isPlain ? {} : { sealed: [] }),
      });
      const consumed = await consumeApproval(sql, {
        orgId,
        reviewId,
        digest: actionDigest,
        consumer,
        entry: { id: recordId(orgId, 'review-step', reviewId, 'consume'), body, fields },
      });
      if (consumed === undefined) throw new HttpProblem('conflict', { detail: 'nothing waits for the approval of this review' });
      // What was approved. Gone between the two looks, it is not to be acted on either.
      const approved = await readReview(orgId, reviewId);
      const result = consumed.result === 'proceed' && approved.erased ? 'erased' : consumed.result;
      if (result !== 'proceed') throw refusedApproval(result, consumed.status);
      // Not waited for: the agent is about to act.
      void runtime.outcomeMoved(orgId, consumed.eventId);
      const { args = null } = JSON.parse(approved.state) as LadderState;
      return {
        status: 200,
        body: {
          proceed: true,
          reviewId,
          eventId: consumed.eventId,
          digest,
          args,
          consumedAt: (consumed.consumedAt ?? new Date()).toISOString(),
          receipt: { seq: consumed.seq ?? 0, entryHash: consumed.entryHash ?? '' },
        },
      };
    },
  };
}

/** As `QueuePosition`. */
const QueuePlace = z.strictObject({ riskScore: z.int().min(0).max(100), createdAt: z.iso.datetime(), id: z.string() });

function found(row: ReviewRow | undefined): ReviewRow {
  if (row === undefined) throw new HttpProblem('not-found');
  return row;
}

/** Expired and refused are different things, and so are their texts. */
const REFUSALS = {
  pending: 'nobody has decided yet',
  rejected: 'the action was not approved',
  expired: 'the time to decide, or to use the approval, is over',
  digest_mismatch: 'the approval is for another action: tool, arguments, resource, agent or policy differ',
  already_consumed: 'the approval has been used, and it is good for one action',
  policy_changed: 'another policy is active than the one the approval was given under',
  agent_stopped: 'the agent is stopped',
  withdrawn: 'the request was withdrawn',
  erased: 'the data that the approval was about were erased',
} as const;

function refusedApproval(refusal: keyof typeof REFUSALS, reviewStatus: string): HttpProblem {
  return new HttpProblem('approval-refused', { detail: REFUSALS[refusal], extras: { refusal, reviewStatus } });
}

const FORBIDDEN = new Set(['not-a-reviewer', 'own-request', 'break-glass-not-allowed', 'edit-not-allowed']);

/** Throws what a reviewer must be told instead of a review. */
export function settled(outcome: ReviewOutcome): void {
  if (outcome.kind === 'refused') {
    const { code: refusal, detail } = outcome;
    if (refusal === 'reason-required') throw new HttpProblem('validation-failed', { errors: [{ pointer: '/reason', detail }] });
    throw new HttpProblem(FORBIDDEN.has(refusal) ? 'not-permitted' : 'conflict', { detail, extras: { refusal } });
  }
  if (outcome.kind === 'closed') {
    const { status: reviewStatus, last } = outcome;
    throw new HttpProblem('review-decided', {
      detail: `this review is ${reviewStatus}`,
      extras: { reviewStatus, decidedBy: last?.actor ?? null, decidedAt: last?.at ?? null },
    });
  }
}

interface DecisionBody {
  verb: string;
  reason?: string | undefined;
  message?: string | undefined;
  args?: JsonObject | undefined;
  digest?: string | undefined;
}

/** What each verb needs, and nothing that it would silently drop. */
export function assertWhole({ verb, message, args, reason }: DecisionBody): void {
  const errors = [
    ...(verb === 'respond' && message === undefined ? [{ pointer: '/message', detail: 'a response has a message' }] : []),
    ...(verb === 'edit' && args === undefined ? [{ pointer: '/args', detail: 'an edit names the arguments' }] : []),
    ...(verb !== 'edit' && args !== undefined ? [{ pointer: '/args', detail: 'only `edit` changes arguments' }] : []),
    ...(verb === 'break-glass' && reason === undefined ? [{ pointer: '/reason', detail: 'breaking the glass needs a reason' }] : []),
  ];
  if (errors.length > 0) throw new HttpProblem('validation-failed', { errors });
}

export function given({ reason, message, args, digest }: DecisionBody): { reason?: string; message?: string; args?: JsonObject; digest?: string } {
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
    ...(args === undefined ? {} : { args }),
    ...(digest === undefined ? {} : { digest }),
  };
}
