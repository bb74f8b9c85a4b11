import type { Governor } from '../governor.ts';
import { permitToolCall } from '../long-call.ts';
import type { Permit } from '../permit.ts';
import { draftOfCall } from './drafts.ts';
import type { AskedCall, CallFacts } from './model-call.ts';

/**
 * Asks about a call that a model asks for.
 * @returns the arguments to use instead, where reviewers have changed them
 * @throws MastGuardBlockedError, or the signal's reason
 */
export async function permitCall(governor: Governor, facts: CallFacts, call: AskedCall, signal?: AbortSignal): Promise<Permit['args']> {
  const { args } = await permitToolCall(governor, draftOfCall(facts, call), { signal });
  return args;
}
