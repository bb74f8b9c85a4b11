import type { EventDraft } from '../decision.ts';
import type { Governor } from '../governor.ts';
import { RESULT_ACTION } from '../result-action.ts';
import { permitAll } from '../wrap/permit-all.ts';
import { contentParts } from './content-parts.ts';
import { isGovernedResult } from '../governed-results.ts';
import type { HeardMessage } from './heard-message.ts';
import { passedBefore, rememberPassed } from './passed-history.ts';

interface PermitTextOptions {
  signal?: AbortSignal | undefined;
}

/**
 * Governs what is about to reach a model: all behind the last word of the model, and what stands before it where this process has not let it
 * through already, because a history that comes from a client may be invented. Words of the system and of the model itself are left out.
 * @throws MastGuardBlockedError
 */
export async function permitInput(governor: Governor, messages: readonly HeardMessage[], draft: EventDraft, options: PermitTextOptions = {}): Promise<void> {
  const spoken = messages.findLastIndex(({ role }) => role === 'assistant') + 1;
  const of = `${draft.agentId ?? ''}\n${draft.sessionId ?? ''}`;
  const known = Math.min(spoken, passedBefore(governor, of, messages));
  const heard = messages.slice(known).filter(({ role, text, isGoverned }) => text !== '' && isGoverned !== true && (role === 'user' || role === 'tool'));
  const said = heard.filter(({ role }) => role === 'user').map(({ text }) => text);
  const results = heard.filter((message) => message.role === 'tool' && !isGovernedResult(governor, message));
  await permitAll(
    governor,
    [...draftsOf({ ...draft, channel: 'user' }, said.join('\n')), ...results.flatMap((message) => draftsOf(resultDraft(draft, message), message.text))],
    options.signal,
  );
  rememberPassed(governor, of, messages);
}

/**
 * Governs what a model has said.
 * @throws MastGuardBlockedError
 */
export async function permitOutput(governor: Governor, text: string, draft: EventDraft, { signal }: PermitTextOptions = {}): Promise<void> {
  await permitAll(governor, draftsOf({ ...draft, channel: 'agent_message' }, text), signal);
}

/** An event for each part of a text; none for an empty one. */
const draftsOf = (draft: EventDraft, text: string): EventDraft[] => contentParts(text).map((content) => ({ ...draft, content }));

function resultDraft({ agentId, sessionId, principal }: EventDraft, { name, callId }: HeardMessage): EventDraft {
  return {
    agentId,
    sessionId,
    principal,
    action: RESULT_ACTION,
    ...(name === undefined ? {} : { tool: { name } }),
    channel: 'tool_result',
    trust: 'untrusted',
    ...(callId === undefined ? {} : { metadata: { toolCallId: callId } }),
  };
}
