import type { HeardMessage } from './heard-message.ts';
import { publicId } from './public-id.ts';
import { textOfResult } from './tool-gate.ts';

/** What is used of Mastra's messages; theirs fit into this. */
export interface MastraMessage {
  id: string;
  role: string;
  threadId?: string | undefined;
  content: { parts: readonly { type: string }[] };
}

interface Part {
  type: string;
  text?: string;
  toolInvocation?: { state: string; toolCallId: string; toolName: string; result?: unknown };
}

/** One message of an assistant holds what it said, what it called and what came back, in turn. */
export const heardMessages = (messages: readonly MastraMessage[], governed?: ReadonlySet<string>): HeardMessage[] =>
  messages.flatMap(({ id, role, content }) => {
    const isGoverned = governed?.has(id) === true;
    const parts = content.parts as readonly Part[];
    if (role === 'system') return [];
    if (role !== 'assistant') return [{ role: 'user' as const, text: parts.flatMap(({ text }) => (text === undefined ? [] : [text])).join('\n'), isGoverned }];
    return parts.flatMap(({ type, text, toolInvocation }): HeardMessage[] => {
      if (type === 'text') return [{ role: 'assistant', text: text ?? '' }];
      if (toolInvocation === undefined) return [];
      const { state, toolCallId: callId, toolName: name, result } = toolInvocation;
      const call: HeardMessage = { role: 'assistant', text: '' };
      return state === 'result' ? [call, { role: 'tool', text: textOfResult(result), callId, name, isGoverned }] : [call];
    });
  });

/** The thread they belong to. */
export const threadOf = (messages: readonly MastraMessage[]): string | undefined =>
  publicId(messages.findLast(({ threadId }) => threadId !== undefined)?.threadId);
