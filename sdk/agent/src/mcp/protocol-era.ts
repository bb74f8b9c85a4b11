import { isMembers, type Members } from './json-rpc.ts';

/** Since the revision 2026-07-28 every request names its revision, and a result what kind of result it is. */
const VERSION_META = 'io.modelcontextprotocol/protocolVersion';

export const isModern = (params: Members | undefined): boolean => isMembers(params?.['_meta']) && typeof params['_meta'][VERSION_META] === 'string';

/** What makes a result of the proxy one of the request's revision. */
export const resultType = (params: Members | undefined): Members => (isModern(params) ? { resultType: 'complete' } : {});

/** A client of 2026-07-28 comes back by itself with such a state; so often, before its user's agent is told that it waits. */
const MAX_ROUNDS = 8;
const STATE = /^mastguard:([0-9]):/;

/** The part of `requestState` that is the proxy's own. It decides nothing: calls are known by tool and arguments. */
export const isOwnState = (state: unknown): state is string => typeof state === 'string' && STATE.test(state);

/** "Come back": undefined where the client cannot do that, or has done it often enough. */
export function comeBack(params: Members | undefined, reviewId: string): Members | undefined {
  const state = params?.['requestState'];
  const round = isOwnState(state) ? Number(STATE.exec(state)?.[1]) + 1 : 1;
  return isModern(params) && round <= MAX_ROUNDS ? { resultType: 'input_required', requestState: `mastguard:${round}:${reviewId}` } : undefined;
}
