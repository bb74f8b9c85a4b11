import { SCOPES_OF_ROLE } from '../../core/access/permissions.ts';
import { delegationCycle } from '../../core/hitl/delegation-cycle.ts';
import type { Sql } from '../../db/client.ts';
import { createDelegation, delegationsWithin, findDelegation, listDelegations, revokeDelegation } from '../../db/queries/delegations.ts';
import type { DelegationRow } from '../../db/queries/delegations.ts';
import { findActiveMember } from '../../db/queries/members.ts';
import type { Delegation } from '../../schemas/delegation.ts';
import { DEFAULT_PAGE_SIZE } from '../../schemas/lists.ts';
import type { ProblemDetail } from '../../schemas/problem.ts';
import { requesterOf } from '../access/principal.ts';
import { auditEntry } from '../audit.ts';
import { decodeCursor } from '../cursor.ts';
import type { Handlers } from '../handler.ts';
import { newId } from '../ids.ts';
import { pageOf } from '../page.ts';
import { HttpProblem } from '../problem.ts';
import { voterOf } from '../reviewer.ts';

type DelegationRoutes = 'listDelegations' | 'createDelegation' | 'revokeDelegation';

export function delegationRoutes({ sql, now }: { sql: Sql; now: () => number }): Handlers<DelegationRoutes> {
  return {
    async listDelegations({ query: { limit = DEFAULT_PAGE_SIZE, cursor } }, { principal: { orgId } }) {
      const beforeId = decodeCursor(cursor, 'string', { list: 'delegations' });
      const rows = await listDelegations(sql, { orgId, beforeId, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, { limit, list: 'delegations', positionOf: ({ id }) => id, itemOf: delegationOf }) };
    },

    async createDelegation({ body: { to, from: named, startsAt: asked, endsAt: until, reason } }, { principal, requestId }) {
      const { orgId } = principal;
      const { memberId } = await voterOf(sql, principal);
      const from = named ?? memberId;
      if (from !== memberId && !principal.scopes.includes('members:manage')) {
        throw new HttpProblem('not-permitted', { detail: "a delegation of another member's seat needs the scope members:manage" });
      }
      const nowMs = now();
      // Nobody has stood in for anybody before it was said.
      const startsAt = new Date(Math.max(nowMs, asked === undefined ? nowMs : Date.parse(asked)));
      const endsAt = new Date(until);
      const errors = [...(await partyFaults(sql, { orgId, from, to })), ...periodFaults(startsAt, endsAt, nowMs)];
      if (errors.length > 0) throw new HttpProblem('validation-failed', { errors });

      const period = { startsAtMs: startsAt.getTime(), endsAtMs: endsAt.getTime() };
      const cycle = delegationCycle({ from, to, ...period }, await delegationsWithin(sql, { orgId, startsAt, endsAt }));
      if (cycle !== null) throw circular(`${cycle.members.join(' → ')}, from ${new Date(cycle.atMs).toISOString()} on`);
      const id = newId('dlg');
      const createdBy = requesterOf(principal);
      const details = { from, to, startsAt: startsAt.toISOString(), endsAt: endsAt.toISOString(), reason: reason ?? null };
      const audit = auditEntry({ type: 'delegation.created', actor: createdBy, target: id, requestId, details });
      const outcome = await createDelegation(sql, { orgId, id, from, to, startsAt, endsAt, reason: reason ?? null, createdBy, audit });
      if (outcome === 'circular') throw circular('another delegation was saved at the same time');
      const row = await findDelegation(sql, { orgId, delegationId: id });
      if (row === undefined) throw new Error('a delegation is gone right after it was created');
      return { status: 201, body: delegationOf(row) };
    },

    async revokeDelegation({ params: { id: delegationId } }, { principal, requestId }) {
      const { orgId } = principal;
      const row = await findDelegation(sql, { orgId, delegationId });
      if (row === undefined) throw new HttpProblem('not-found');
      if (row.from !== principal.memberId && !principal.scopes.includes('members:manage')) {
        throw new HttpProblem('not-permitted', { detail: 'a delegation is ended by whoever gave it, or with the scope members:manage' });
      }
      const audit = auditEntry({ type: 'delegation.revoked', actor: requesterOf(principal), target: delegationId, requestId });
      // Revoking twice is no error.
      await revokeDelegation(sql, { orgId, delegationId, audit });
      return { status: 204, body: null };
    },
  };
}

async function partyFaults(sql: Sql, { orgId, from, to }: { orgId: string; from: string; to: string }): Promise<ProblemDetail[]> {
  const decides = async (memberId: string): Promise<boolean> => {
    const member = await findActiveMember(sql, { orgId, memberId });
    return member !== undefined && SCOPES_OF_ROLE[member.role].includes('hitl:decide');
  };
  const detail = 'no active member of this id decides reviews';
  const [fromDecides, toDecides] = await Promise.all([decides(from), decides(to)]);
  return [
    ...(fromDecides ? [] : [{ pointer: '/from', detail }]),
    ...(toDecides ? [] : [{ pointer: '/to', detail }]),
    ...(from === to ? [{ pointer: '/to', detail: 'nobody stands in for themselves' }] : []),
  ];
}

/** A leap year at most: whoever is away for longer holds no seat. */
const MAX_PERIOD_MS = 366 * 86_400_000;

function periodFaults(startsAt: Date, endsAt: Date, nowMs: number): ProblemDetail[] {
  const fault = (detail: string): ProblemDetail[] => [{ pointer: '/endsAt', detail }];
  if (endsAt.getTime() <= nowMs) return fault('must be in the future');
  if (endsAt <= startsAt) return fault('must be after the start');
  return endsAt.getTime() - startsAt.getTime() > MAX_PERIOD_MS ? fault('must be within one year of the start') : [];
}

function circular(how: string): HttpProblem {
  return new HttpProblem('validation-failed', { errors: [{ pointer: '/to', detail: `members would stand in for one another in a circle: ${how}` }] });
}

function delegationOf({ startsAt, endsAt, createdAt, revokedAt, ...row }: DelegationRow): Delegation {
  return {
    ...row,
    startsAt: startsAt.toISOString(),
    endsAt: endsAt.toISOString(),
    createdAt: createdAt.toISOString(),
    revokedAt: revokedAt?.toISOString() ?? null,
  };
}
