import type { EventDraft } from '../decision.ts';
import type { HeardMessage } from './heard-message.ts';
import { textOfResult } from './tool-gate.ts';

/** What is used of AI SDK 6's `LanguageModelV3` and its parts; theirs fit into these. */
export interface MiddlewareModel {
  provider: string;
  modelId: string;
}

export interface CallOptions {
  prompt: readonly PromptMessage[];
  abortSignal?: AbortSignal | undefined;
  providerOptions?: Record<string, Record<string, unknown>> | undefined;
}

export interface PromptMessage {
  role: string;
  content: string | readonly object[];
}

export interface ContentPart {
  type: string;
}

export interface GenerateResult {
  content: ContentPart[];
}

export interface ToolCallPart extends ContentPart {
  toolCallId: string;
  toolName: string;
  /** JSON text. */
  input: string;
  /** Run by the provider, before we hear of it. */
  providerExecuted?: boolean;
}

export interface ToolResultPart extends ContentPart {
  toolCallId: string;
  toolName: string;
  result: unknown;
}

export interface StreamPart extends ContentPart {
  id?: string;
  delta?: string;
}

/** A model call, and of `providerOptions.mastguard` who makes it for whom. */
export function draftOfModelCall({ providerOptions }: CallOptions, { provider, modelId }: MiddlewareModel): EventDraft {
  const { agentId, sessionId, principal } = (providerOptions?.['mastguard'] ?? {}) as Pick<EventDraft, 'agentId' | 'sessionId' | 'principal'>;
  return { agentId, sessionId, principal, action: 'chat', metadata: { model: modelId, provider } };
}

/** The prompt as messages of text. Files are not looked into. */
export const heardMessages = (prompt: CallOptions['prompt']): HeardMessage[] =>
  prompt.flatMap(({ role, content }): HeardMessage[] => {
    if (typeof content === 'string') return [{ role: roleOf(role), text: content }];
    const parts = content as readonly PromptPart[];
    if (role === 'tool') {
      return parts
        .filter(({ type }) => type === 'tool-result')
        .map(({ output, toolCallId, toolName }) => ({ role: 'tool', text: textOfOutput(output), callId: toolCallId, name: toolName }));
    }
    // A message of the assistant that only calls tools has no text, and is its turn all the same.
    return [{ role: roleOf(role), text: parts.flatMap(({ type, text }) => (type === 'text' ? [text ?? ''] : [])).join('\n') }];
  });

interface PromptPart {
  type: string;
  text?: string;
  toolCallId?: string;
  toolName?: string;
  output?: { type: string; value?: unknown; reason?: string };
}

const roleOf = (role: string): HeardMessage['role'] => (role === 'system' || role === 'assistant' || role === 'tool' ? role : 'user');

function textOfOutput(output: PromptPart['output']): string {
  if (output === undefined) return '';
  const { type, value, reason } = output;
  if (type !== 'content' || !Array.isArray(value)) return textOfResult(value ?? reason ?? '');
  return (value as { type: string; text?: string }[]).flatMap((part) => (part.type === 'text' ? [part.text ?? ''] : [])).join('\n');
}

/** What the model has said in so many words. */
export const saidText = (content: readonly ContentPart[]): string =>
  content.flatMap((part) => (part.type === 'text' ? [(part as { text?: string }).text ?? ''] : [])).join('\n');
