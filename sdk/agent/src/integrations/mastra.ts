import { type EventDraft, letsPass } from '../decision.ts';
import type { GovernorOptions } from '../shield.ts';
import { contentParts } from './content-parts.ts';
import { permitInput, permitOutput } from './conversation.ts';
import { governorOf } from './governor-of.ts';
import { heardMessages, type MastraMessage, threadOf } from './mastra-messages.ts';
import { denialFrom } from './tool-gate.ts';

export { type Denial, isDenial } from './denial.ts';
export { governTools, mastguardToolHooks, type MastraTool } from './mastra-tools.ts';

/** What is used of Mastra's processors; theirs fit into these. */
interface Context {
  abort: (reason?: string, options?: { metadata?: unknown }) => never;
  abortSignal?: AbortSignal | undefined;
  /** Lives as long as the request. */
  state: Record<string, unknown>;
}

export interface StreamChunk {
  type: string;
}

export interface MastGuardProcessor {
  id: 'mastguard';
  name: 'MastGuard';
  processInput: <Message extends MastraMessage>(args: Context & { messages: Message[] }) => Promise<Message[]>;
  processInputStep: (args: Context & { messages: MastraMessage[] }) => Promise<undefined>;
  processOutputStream: <Chunk extends StreamChunk>(args: Context & { part: Chunk }) => Promise<Chunk>;
  processOutputResult: <Message extends MastraMessage>(args: Context & { messages: Message[]; result: { text: string } }) => Promise<Message[]>;
}

const CHAT = { action: 'chat' } as const;
/** How far back a piece of a stream is looked at with what stands before it. */
const WINDOW_CHARS = 256;

/**
 * A processor of Mastra, for `inputProcessors` and `outputProcessors`: what reaches the model in each step, and what it answers. A refusal is a
 * tripwire, with the denial as its metadata. Each piece of a stream is looked at in this process together with what stands before it, and then goes
 * out: a processor cannot hold text back. Wrap the model with `mastguardMiddleware` of `…/ai-v6` for that. The thread is the session.
 * @example new Agent({ inputProcessors: [mastguard], outputProcessors: [mastguard], … })
 */
export function mastguardProcessor(options: GovernorOptions): MastGuardProcessor {
  const governor = governorOf(options);
  const draftOf = (messages: readonly MastraMessage[]): EventDraft => ({
    ...CHAT,
    ...(options.sessionId === undefined ? { sessionId: threadOf(messages) } : {}),
  });
  const passesHere = (text: string): boolean =>
    contentParts(text).every((content) => letsPass(governor.check({ ...CHAT, channel: 'agent_message', content }).value));

  /** What a processor of a stream throws is logged, and the text goes out: nothing but a tripwire stops it. */
  const orTripped = async ({ abort }: Context, permit: () => Promise<void>): Promise<void> => {
    let denial;
    try {
      await permit();
      return;
    } catch (error) {
      try {
        denial = denialFrom(error);
      } catch (fault) {
        options.onFault?.(fault);
      }
    }
    abort(denial?.reason ?? 'MastGuard could not be asked.', { metadata: denial });
  };

  return {
    id: 'mastguard',
    name: 'MastGuard',

    async processInput(args) {
      const { messages, state, abortSignal: signal } = args;
      await orTripped(args, () => permitInput(governor, heardMessages(messages), draftOf(messages), { signal }));
      state['governed'] = messages.map(({ id }) => id);
      return messages;
    },

    async processInputStep(args) {
      const { messages, state, abortSignal: signal } = args;
      const governed = new Set(state['governed'] as string[] | undefined);
      await orTripped(args, () => permitInput(governor, heardMessages(messages, governed), draftOf(messages), { signal }));
      return undefined;
    },

    async processOutputStream(args) {
      const { part, state, abortSignal: signal } = args;
      const piece = textOfChunk(part);
      if (piece === '') return part;
      const { text, clearedTo } = (state['said'] as { text: string; clearedTo: number } | undefined) ?? { text: '', clearedTo: 0 };
      const said = { text: text + piece, clearedTo };
      state['said'] = said;
      await orTripped(args, async () => {
        if (passesHere(said.text.slice(Math.max(clearedTo, text.length - WINDOW_CHARS)))) return;
        // This process would stop here: MastGuard, or a reviewer, has the last word.
        await permitOutput(governor, said.text, CHAT, { signal });
        said.clearedTo = said.text.length;
      });
      return part;
    },

    async processOutputResult(args) {
      const { messages, result, abortSignal: signal } = args;
      await orTripped(args, () => permitOutput(governor, result.text, draftOf(messages), { signal }));
      return messages;
    },
  };
}

function textOfChunk(chunk: StreamChunk): string {
  if (chunk.type !== 'text-delta') return '';
  const { text } = (chunk as { payload?: { text?: unknown } }).payload ?? {};
  return typeof text === 'string' ? text : '';
}
