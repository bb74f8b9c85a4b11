import type { ArgumentRule } from '../../schemas/agent.ts';
import type { GovernanceEvent } from '../../schemas/event.ts';
import type { Asker } from '../decision/asker.ts';
import type { Evaluation } from '../decision/evaluation.ts';
import { checkArgument } from '../detection/check-argument.ts';
import { isToolCall } from '../detection/event-kind.ts';

/** A person's leave for one agent to use one tool within bounds, as decisions need it. Whether it is used up the database says. */
export interface ActiveGrant {
  id: string;
  agentId: string;
  tool: string;
  bounds: Record<string, ArgumentRule>;
  sessionId: string | null;
  expiresAtMs: number;
  /** The person who gave it, by everything an event may call them. */
  grantedBy: { memberId: string; email: string | null };
}

export interface GrantedCall extends Asker {
  event: GovernanceEvent;
  nowMs: number;
}

/** The first grant that covers the call; null where none does. */
export function fittingGrant(grants: readonly ActiveGrant[], call: GrantedCall): ActiveGrant | null {
  return grants.find((grant) => covers(grant, call)) ?? null;
}

function covers(grant: ActiveGrant, { event, nowMs, ...asker }: GrantedCall): boolean {
  return (
    event.tool !== undefined &&
    isToolCall(event) &&
    event.agentId === grant.agentId &&
    event.tool.name === grant.tool &&
    (grant.sessionId === null || event.sessionId === grant.sessionId) &&
    nowMs < grant.expiresAtMs &&
    isWithin(grant.bounds, event.tool.args ?? {}) &&
    !isBehind(grant.grantedBy, event, asker)
  );
}

/** An argument the grant does not name is one that nobody has agreed to. */
function isWithin(bounds: ActiveGrant['bounds'], args: NonNullable<NonNullable<GovernanceEvent['tool']>['args']>): boolean {
  return (
    Object.keys(args).every((argument) => Object.hasOwn(bounds, argument)) &&
    Object.entries(bounds).every(([argument, rule]) => checkArgument(argument, rule, Object.hasOwn(args, argument) ? args[argument] : undefined).length === 0)
  );
}

/** Nobody approves what is done for themselves, by a grant as little as by a vote. */
function isBehind({ memberId, email }: ActiveGrant['grantedBy'], { principal }: GovernanceEvent, { requester, requesterMember }: Asker): boolean {
  const user = principal?.user;
  return requester === `member:${memberId}` || requesterMember === memberId || user === memberId || (user !== undefined && user.toLowerCase() === email);
}

/** What would wait for a person passes, because one has agreed to it beforehand. What was found stays on record. */
export function allowByGrant(evaluation: Evaluation, { id }: Pick<ActiveGrant, 'id'>): Evaluation {
  return { ...evaluation, value: 'ALLOW', review: null, reasons: [`allowed by grant ${id}`, ...evaluation.reasons] };
}
