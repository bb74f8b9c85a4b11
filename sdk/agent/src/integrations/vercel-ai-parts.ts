import type { EventDraft } from '../decision.ts';
import type { Governor } from '../governor.ts';
import { longCall, permitToolCall } from '../long-call.ts';
import { argsOfJson } from './args-of-json.ts';
import { draftOfCall, draftsOfResult } from './tool-gate.ts';
import type { ContentPart, ToolCallPart, ToolResultPart } from './vercel-ai-model.ts';

export interface GovernedParts {
  governor: Governor;
  /** Of the model call. */
  draft: EventDraft;
  decidesTools: boolean;
  signal: AbortSignal | undefined;
}

/**
 * A part of an answer as it may go on: calls of tools decided, with the arguments a reviewer has changed. What a provider's own tools have done
 * already is recorded.
 * @throws MastGuardBlockedError
 */
export async function governedPart<Part extends ContentPart>(part: Part, { governor, draft, decidesTools, signal }: GovernedParts): Promise<Part> {
  const { agentId, sessionId, principal } = draft;
  const who = { agentId, sessionId, principal };
  if (part.type === 'tool-result') {
    const { toolName: name, toolCallId: callId, result } = part as unknown as ToolResultPart;
    for (const event of draftsOfResult({ name, callId, draft: who }, result)) governor.observe(event);
    return part;
  }
  if (part.type !== 'tool-call') return part;
  const { toolName: name, toolCallId: callId, input, providerExecuted } = part as unknown as ToolCallPart;
  const call = draftOfCall({ name, callId, args: argsOfJson(input), draft: who });
  if (providerExecuted === true) {
    for (const event of longCall(call)?.drafts ?? [call]) governor.observe(event);
    return part;
  }
  if (!decidesTools) return part;
  const { args } = await permitToolCall(governor, call, { signal });
  return args === undefined ? part : { ...part, input: JSON.stringify(args) };
}
