import { matchesPattern } from '../../core/detection/safe-pattern.ts';
import { canonicalize } from '../../core/json/canonical.ts';
import { createGrant, findGrant, listGrants, listGrantUses, revokeGrant, sealReason } from '../../db/queries/grants.ts';
import type { GrantRow } from '../../db/queries/grants.ts';
import { loadReviewLadder } from '../../db/queries/review-steps.ts';
import { standingFor } from '../../db/queries/standing.ts';
import type { SubjectVault } from '../../db/subject-vault.ts';
import { recordSealed } from '../../db/text-seal.ts';
import { MAX_GRANT_MS } from '../../schemas/grant.ts';
import type { CreateGrantInput, Grant } from '../../schemas/grant.ts';
import type { Json } from '../../schemas/json.ts';
import { DEFAULT_PAGE_SIZE } from '../../schemas/lists.ts';
import type { ProblemDetail } from '../../schemas/problem.ts';
import { requesterOf } from '../access/principal.ts';
import { auditEntry, sealedAuditEntry } from '../audit.ts';
import { decodeCursor } from '../cursor.ts';
import type { Handlers } from '../handler.ts';
import { newId } from '../ids.ts';
import { pageOf } from '../page.ts';
import { pointerOf } from '../pointer.ts';
import { HttpProblem } from '../problem.ts';
import { voterOf } from '../reviewer.ts';

type GrantRoutes = 'listGrants' | 'createGrant' | 'revokeGrant' | 'listGrantUses';

export function grantRoutes({ vault, now }: { vault: SubjectVault; now: () => number }): Handlers<GrantRoutes> {
  const { sql } = vault;
  const readGrant = async (orgId: string, grantId: string): Promise<GrantRow> => {
    const row = await findGrant(vault, { orgId, grantId });
    if (row === undefined) throw new HttpProblem('not-found');
    return row;
  };

  /** A grant goes on from what was asked in the review, and is given by nobody who asked. Answers whose the review's texts are. */
  const assertFollows = async (orgId: string, reviewId: string, { agentId }: CreateGrantInput, memberId: string): Promise<string> => {
    const review = await loadReviewLadder(vault, { orgId, reviewId });
    if (review === undefined) throw invalid([{ pointer: '/reviewId', detail: 'no such review' }]);
    if (review.agentId !== agentId) throw invalid([{ pointer: '/agentId', detail: 'the review is about another agent' }]);
    if (review.seal.erased) throw invalid([{ pointer: '/reviewId', detail: 'the data that the review is about were erased' }]);
    const { excluded } = await standingFor(vault, orgId, [review], now());
    if (excluded.includes(memberId))
      throw new HttpProblem('not-permitted', { detail: 'nobody decides on their own request', extras: { refusal: 'own-request' } });
    return review.seal.subject;
  };

  return {
    async listGrants({ query: { limit = DEFAULT_PAGE_SIZE, cursor, agentId } }, { principal: { orgId } }) {
      const filters = { agentId };
      const beforeId = decodeCursor(cursor, 'string', { ...filters, list: 'grants' });
      const rows = await listGrants(vault, { orgId, agentId, beforeId, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, { limit, list: 'grants', filters, positionOf: ({ id }) => id, itemOf: grantOf }) };
    },

    async createGrant({ body }, { principal, requestId }) {
      const { orgId } = principal;
      const { memberId, via } = await voterOf(sql, principal);
      const faults = faultsOf(body, now());
      if (faults.length > 0) throw invalid(faults);
      const { agentId, tool, sessionId = null, reviewId = null, maxUses, reason } = body;
      const subject = reviewId === null ? null : await assertFollows(orgId, reviewId, body, memberId);
      const id = newId('gra');
      const expiresAt = new Date(body.expiresAt).toISOString();
      const bounds = canonicalize(body.bounds as unknown as Json);
      const boundsDigest = vault.keyed(orgId, 'body-digest', bounds);
      const details = { agentId, tool, boundsDigest, sessionId, reviewId, expiresAt, maxUses, ...(subject === null ? { reason } : {}), via };
      const input = { type: 'grant.created', actor: `member:${memberId}`, target: id, requestId, details };
      const grant = {
        id,
        agent_id: agentId,
        tool,
        bounds,
        session_id: sessionId,
        review_id: reviewId,
        expires_at: expiresAt,
        max_uses: maxUses,
        granted_by: memberId,
      };
      if (subject === null) {
        await createGrant(sql, { orgId, grant: { ...grant, reason }, audit: auditEntry(input) });
      } else {
        // Why it was given in a review is said of whom the review is about.
        await recordSealed(
          vault,
          { orgId, subject },
          async () => {
            // Read for each try: erasing ends the grants of a review, and would not find one that is given after it.
            if (reviewId !== null) await assertFollows(orgId, reviewId, body, memberId);
            return {
              reason_sealed: sealReason(vault, orgId, { grantId: id, subject, text: reason }),
              audit: sealedAuditEntry(vault, { orgId, ...input, subject, personal: { reason } }),
            };
          },
          ({ reason_sealed, audit }) => createGrant(sql, { orgId, grant: { ...grant, reason: null, reason_sealed }, audit }),
        );
      }
      return { status: 201, body: grantOf(await readGrant(orgId, id)), headers: { Location: `/api/v1/hitl/grants/${id}` } };
    },

    async revokeGrant({ params: { id: grantId } }, { principal, requestId }) {
      const { orgId } = principal;
      const revokedBy = requesterOf(principal);
      const audit = auditEntry({ type: 'grant.revoked', actor: revokedBy, target: grantId, requestId });
      // Revoking twice is no error; revoking what is not there is.
      if (!(await revokeGrant(sql, { orgId, grantId, revokedBy, audit }))) await readGrant(orgId, grantId);
      return { status: 204, body: null };
    },

    async listGrantUses({ params: { id: grantId }, query: { limit = DEFAULT_PAGE_SIZE, cursor } }, { principal: { orgId } }) {
      const filters = { grantId };
      const afterEventId = decodeCursor(cursor, 'string', { ...filters, list: 'grant-uses' });
      await readGrant(orgId, grantId);
      const rows = await listGrantUses(sql, { orgId, grantId, afterEventId, limit: limit + 1 });
      const page = { limit, list: 'grant-uses', filters };
      return {
        status: 200,
        body: pageOf(rows, { ...page, positionOf: ({ eventId }) => eventId, itemOf: ({ eventId, at }) => ({ eventId, at: at.toISOString() }) }),
      };
    },
  };
}

const invalid = (errors: ProblemDetail[]): HttpProblem => new HttpProblem('validation-failed', { errors });

function faultsOf({ expiresAt, bounds }: CreateGrantInput, nowMs: number): ProblemDetail[] {
  const endMs = Date.parse(expiresAt);
  return [
    ...(endMs <= nowMs ? [{ pointer: '/expiresAt', detail: 'must be in the future' }] : []),
    ...(endMs > nowMs + MAX_GRANT_MS ? [{ pointer: '/expiresAt', detail: 'must be at most 8 hours ahead' }] : []),
    // A pattern that is never evaluated would cover nothing, and nobody would know why.
    ...Object.entries(bounds).flatMap(([argument, { pattern }]) =>
      pattern !== undefined && matchesPattern(pattern, '') === null
        ? [{ pointer: pointerOf(['bounds', argument, 'pattern']), detail: 'is outside the linear-time subset of regular expressions' }]
        : [],
    ),
  ];
}

function grantOf({ bounds, expiresAt, createdAt, revokedAt, ...row }: GrantRow): Grant {
  return {
    ...row,
    bounds: JSON.parse(bounds) as Grant['bounds'],
    expiresAt: expiresAt.toISOString(),
    createdAt: createdAt.toISOString(),
    revokedAt: revokedAt?.toISOString() ?? null,
  };
}
