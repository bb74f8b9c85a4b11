import type { EventDraft } from '../decision.ts';
import type { GovernorOptions } from '../shield.ts';
import { permitInput, permitOutput } from './conversation.ts';
import type { HeardMessage } from './heard-message.ts';
import { governorOf } from './governor-of.ts';
import { publicId } from './public-id.ts';
import { textOfResult, toolGate } from './tool-gate.ts';

export { type Denial, isDenial } from './denial.ts';

/** What is used of LangChain 1; its own types fit into these. */
export interface LangChainMessage {
  readonly type: string;
  readonly text: string;
  readonly tool_call_id?: unknown;
  readonly name?: string | undefined;
}

interface Runtime {
  readonly configurable?: { readonly thread_id?: unknown } | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface ToolCallRequest {
  readonly toolCall: { readonly name: string; readonly args: Record<string, unknown>; readonly id?: string | undefined };
  readonly runtime: Runtime;
}

interface ModelRequest {
  readonly model: unknown;
  readonly responseFormat?: unknown;
  readonly messages: readonly LangChainMessage[];
  readonly runtime: Runtime;
}

/** The parts of `langchain` that are needed, so that this package imports no framework. */
export interface LangChain<Middleware> {
  createMiddleware: (config: MiddlewareConfig) => Middleware;
  ToolMessage: new (fields: { content: string; tool_call_id: string; name: string; status: 'error'; artifact: unknown }) => LangChainMessage;
}

// The hooks are generic in LangChain's own types, which only it knows.
/* oxlint-disable typescript/no-explicit-any */
export interface MiddlewareConfig {
  name: string;
  wrapToolCall: (request: any, handler: (request: any) => any) => Promise<any>;
  wrapModelCall: (request: any, handler: (request: any) => any) => Promise<any>;
}
/* oxlint-enable typescript/no-explicit-any */

export type LangChainOptions = GovernorOptions & {
  /**
   * Answers in the stream mode `messages`. `buffer`: each arrives whole, once it is decided; structured answers (`responseFormat`), whose model must stay as it is, do
   * not. `pass`: they stream while they come, and are decided at their end. Callbacks and `streamEvents` hear the model at once either way. Default:
   * `buffer`.
   */
  stream?: 'buffer' | 'pass' | undefined;
};

/**
 * Governs an agent of LangChain 1: what reaches the model, what it says, every call of a tool, and what comes back from it. A tool that is refused
 * does not run; the model reads a `ToolMessage` with the status `error` and `{ denied: true, reason, … }`. What may not reach the model, or is said by it and may
 * not be, ends the run; `findBlocked(error)` finds the decision.
 * The session is the thread (`configurable.thread_id`) unless the options say another.
 * @example createAgent({ model, tools, middleware: [mastguardMiddleware({ createMiddleware, ToolMessage }, { apiKey })] })
 */
export function mastguardMiddleware<Middleware>({ createMiddleware, ToolMessage }: LangChain<Middleware>, options: LangChainOptions): Middleware {
  const governor = governorOf(options);
  const gate = toolGate(governor);
  const draftOf = ({ configurable }: Runtime): Partial<EventDraft> => (options.sessionId === undefined ? { sessionId: publicId(configurable?.thread_id) } : {});

  return createMiddleware({
    name: 'MastGuard',

    async wrapToolCall(request: ToolCallRequest, handler: (request: ToolCallRequest) => Promise<LangChainMessage>) {
      const { toolCall, runtime } = request;
      const { name, args, id: callId } = toolCall;
      const outcome = await gate.run(
        { name, args, callId, draft: draftOf(runtime) },
        {
          execute: (given) => handler(given === args ? request : { ...request, toolCall: { ...toolCall, args: given as Record<string, unknown> } }),
          contentOf: textOfAnswer,
        },
        { signal: runtime.signal },
      );
      if (outcome.denial === undefined) return outcome.result;
      return new ToolMessage({ content: textOfResult(outcome.denial), tool_call_id: callId ?? '', name, status: 'error', artifact: outcome.denial });
    },

    async wrapModelCall(request: ModelRequest, handler: (request: ModelRequest) => Promise<LangChainMessage>) {
      const { model, messages, runtime } = request;
      const draft: EventDraft = { ...draftOf(runtime), action: 'chat', metadata: metadataOf(model) };
      await permitInput(governor, messages.map(heardMessage), draft, { signal: runtime.signal });
      const answer = await handler(options.stream === 'pass' ? request : { ...request, model: held(request) });
      await permitOutput(governor, typeof answer.text === 'string' ? answer.text : '', draft, { signal: runtime.signal });
      return answer;
    },
  });
}

/** The model with LangGraph's tag that keeps its tokens out of the stream mode `messages`. */
function held({ model, responseFormat }: ModelRequest): unknown {
  const { withConfig } = model as { withConfig?: (config: { tags: string[] }) => unknown };
  return responseFormat === undefined && typeof withConfig === 'function' ? withConfig.call(model, { tags: ['nostream'] }) : model;
}

const ROLES: Readonly<Record<string, HeardMessage['role']>> = { ai: 'assistant', system: 'system', developer: 'system', tool: 'tool', function: 'tool' };

const heardMessage = ({ type, text, tool_call_id: callId, name }: LangChainMessage): HeardMessage => ({
  role: ROLES[type] ?? 'user',
  text,
  ...(type === 'tool' && typeof callId === 'string' ? { callId, name } : {}),
});

/** A tool may answer a `Command` for the graph instead of a message: its update is what the model may come to read. */
function textOfAnswer(answer: unknown): unknown {
  const { text, update } = answer as { text?: unknown; update?: unknown };
  return typeof text === 'string' ? text : (update ?? '');
}

function metadataOf(model: unknown): NonNullable<EventDraft['metadata']> {
  const { model: name, modelName, _llmType: kind } = (typeof model === 'object' && model !== null ? model : {}) as Record<string, unknown>;
  const named = typeof name === 'string' ? name : modelName;
  const provider = typeof kind === 'function' ? (kind.call(model) as unknown) : undefined;
  return { ...(typeof named === 'string' ? { model: named } : {}), ...(typeof provider === 'string' ? { provider } : {}) };
}
