import type { EventDraft } from '../decision.ts';
import type { Governor } from '../governor.ts';
import { sha256Hex } from '../sha256-hex.ts';
import { permitAll } from '../wrap/permit-all.ts';
import { contentParts } from './content-parts.ts';
import { isGovernedResult } from './governed-results.ts';
import { permitResult } from './permit-result.ts';

export interface HeardMessage {
  role: 'system' | 'user' | 'assistant' | 'tool';
  text: string;
  /** Of a tool's result: the call it answers. */
  callId?: string | undefined;
  /** Of a tool's result: the tool. */
  name?: string | undefined;
  /** It has been governed on another way. */
  isGoverned?: boolean | undefined;
}

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
  const history = prefixesOf(`${draft.agentId ?? ''}\n${draft.sessionId ?? ''}`, messages);
  const passed = passedOf(governor);
  const known = Math.min(spoken, history.findLastIndex((prefix) => passed.has(prefix)) + 1);
  const heard = messages.slice(known).filter(({ role, text, isGoverned }) => text !== '' && isGoverned !== true && (role === 'user' || role === 'tool'));
  const said = heard.filter(({ role }) => role === 'user').map(({ text }) => text);
  const results = heard.filter((message) => message.role === 'tool' && !isGovernedResult(governor, message));
  await Promise.all([
    permitAll(governor, draftsOf({ ...draft, channel: 'user' }, said.join('\n')), options.signal),
    ...results.map((message) => permitResult(governor, draftsOf(resultDraft(draft, message), message.text), { ...options, callId: message.callId })),
  ]);
  const last = history.at(-1);
  if (last !== undefined) remember(passed, last);
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

function resultDraft({ agentId, sessionId, principal, action }: EventDraft, { name, callId }: HeardMessage): EventDraft {
  const what = name === undefined ? { action } : { action: name, tool: { name } };
  return {
    agentId,
    sessionId,
    principal,
    ...what,
    channel: 'tool_result',
    trust: 'untrusted',
    ...(callId === undefined ? {} : { metadata: { toolCallId: callId } }),
  };
}

/** A name for each beginning of the conversation. */
function prefixesOf(seed: string, messages: readonly HeardMessage[]): string[] {
  let prefix = seed;
  return messages.map(({ role, text }) => (prefix = sha256Hex(`${prefix}\n${role}\n${text}`)));
}

const MAX_PREFIXES = 10_000;
const passedBy = new WeakMap<Governor, Set<string>>();

function passedOf(governor: Governor): Set<string> {
  const passed = passedBy.get(governor) ?? new Set();
  passedBy.set(governor, passed);
  return passed;
}

function remember(passed: Set<string>, prefix: string): void {
  passed.add(prefix);
  const [oldest] = passed;
  if (passed.size > MAX_PREFIXES && oldest !== undefined) passed.delete(oldest);
}
