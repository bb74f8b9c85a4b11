import { findBlocked } from '../find-blocked.ts';
import type { EventDraft } from '../decision.ts';
import type { GovernorOptions } from '../shield.ts';
import { argsOfJson } from './args-of-json.ts';
import { permitInput, permitOutput } from './conversation.ts';
import type { HeardMessage } from './heard-message.ts';
import { type Denial, denialOf } from './denial.ts';
import { governorOf } from './governor-of.ts';
import { textOfResult, type ToolCall, toolGate } from './tool-gate.ts';

export { type Denial, isDenial } from './denial.ts';
export { type FunctionTool, governTool, type GovernToolOptions } from './openai-agents-tool.ts';

/** What is used of OpenAI Agents' items and guardrails; theirs fit into these. */
export interface InputItem {
  readonly type?: string | undefined;
  readonly role?: string | undefined;
  readonly content?: unknown;
  readonly callId?: unknown;
  readonly name?: unknown;
  readonly output?: unknown;
}

interface GuardrailAnswer {
  tripwireTriggered: boolean;
  outputInfo: { denial?: Denial };
}

interface CallData {
  toolCall: { name: string; arguments: string; callId: string };
}

interface ToolGuardrailAnswer {
  behavior: { type: 'allow' } | { type: 'rejectContent'; message: string } | { type: 'throwException' };
  outputInfo: { denial?: Denial };
}

export type ToolGuardrailOptions = GovernorOptions & {
  /** `reject`: the model is told why, and plans again. `throw`: the run ends with a tripwire. Default: `reject`. */
  onDenied?: 'reject' | 'throw' | undefined;
};

const CHAT: EventDraft = { action: 'chat', metadata: { provider: 'openai' } };

/**
 * Governs what a run begins with, before the model hears it: it does not run beside the model, as guardrails do unless they say otherwise. The SDK asks
 * it in the first turn alone: results of tools need `governTool` or the guardrails of tools.
 * @example new Agent({ inputGuardrails: [mastguardInputGuardrail({ apiKey })], … })
 */
export function mastguardInputGuardrail(options: GovernorOptions): {
  name: string;
  runInParallel: false;
  execute: (data: { input: string | readonly InputItem[] }) => Promise<GuardrailAnswer>;
} {
  const governor = governorOf(options);
  const execute = ({ input }: { input: string | readonly InputItem[] }): Promise<GuardrailAnswer> =>
    guarded(() => permitInput(governor, heardMessages(input), CHAT));
  return { name: 'mastguard-input', runInParallel: false, execute };
}

/** Governs what a run answers in the end. Text that streams has gone out by then: wrap the model client with `wrapOpenAI` for that. */
export function mastguardOutputGuardrail(options: GovernorOptions): { name: string; execute: (data: { agentOutput: unknown }) => Promise<GuardrailAnswer> } {
  const governor = governorOf(options);
  return { name: 'mastguard-output', execute: ({ agentOutput }) => guarded(() => permitOutput(governor, textOfResult(agentOutput), CHAT)) };
}

/**
 * Decides a call of a tool before it is made, and waits for the reviewers. It cannot change arguments: a call whose arguments a reviewer has
 * changed is refused, where `governTool` would make it.
 * @example tool({ …, inputGuardrails: [mastguardToolInputGuardrail({ apiKey })] })
 */
export function mastguardToolInputGuardrail(options: ToolGuardrailOptions): {
  type: 'tool_input';
  name: string;
  run: (data: CallData) => Promise<ToolGuardrailAnswer>;
} {
  const gate = toolGate(governorOf(options));
  const run = async ({ toolCall }: CallData): Promise<ToolGuardrailAnswer> => {
    const call = callOf(toolCall);
    const entry = await gate.enter(call);
    if (entry.denial !== undefined) return refusal(entry.denial, options);
    if (entry.args === call.args) return { behavior: { type: 'allow' }, outputInfo: {} };
    const reasons = ['The reviewers changed the arguments, which a guardrail cannot do.'];
    return refusal(denialOf({ ...entry.decision, value: 'BLOCK', reasons }), options);
  };
  return { type: 'tool_input', name: 'mastguard-tool-input', run };
}

/** Judges what a tool has answered, as text from outside. */
export function mastguardToolOutputGuardrail(options: ToolGuardrailOptions): {
  type: 'tool_output';
  name: string;
  run: (data: CallData & { output: unknown }) => Promise<ToolGuardrailAnswer>;
} {
  const gate = toolGate(governorOf(options));
  const run = async ({ toolCall, output }: CallData & { output: unknown }): Promise<ToolGuardrailAnswer> => {
    const denial = await gate.leave(callOf(toolCall), output);
    return denial === undefined ? { behavior: { type: 'allow' }, outputInfo: {} } : refusal(denial, options);
  };
  return { type: 'tool_output', name: 'mastguard-tool-output', run };
}

/**
 * A tool's `needsApproval`: with a HITL decision the run stops with an interruption. Approve it when MastGuard's reviewers have decided (`hitl.decided`,
 * or `mg.hitl.wait`): the guardrail or `governTool` of the tool, which the approval does not replace, then uses theirs.
 * @param name the tool's, which the SDK does not tell
 */
export function mastguardApproval(name: string, options: GovernorOptions): (context: unknown, input: unknown, callId?: string) => Promise<boolean> {
  const gate = toolGate(governorOf(options));
  return async (_context, args, callId) => (await gate.ask({ name, args, callId })) === 'review';
}

async function guarded(permit: () => Promise<void>): Promise<GuardrailAnswer> {
  try {
    await permit();
    return { tripwireTriggered: false, outputInfo: {} };
  } catch (error) {
    const blocked = findBlocked(error);
    if (blocked === undefined) throw error;
    return { tripwireTriggered: true, outputInfo: { denial: denialOf(blocked.decision) } };
  }
}

const refusal = (denial: Denial, { onDenied }: ToolGuardrailOptions): ToolGuardrailAnswer => ({
  behavior: onDenied === 'throw' ? { type: 'throwException' } : { type: 'rejectContent', message: textOfResult(denial) },
  outputInfo: { denial },
});

const callOf = ({ name, arguments: text, callId }: CallData['toolCall']): ToolCall => ({ name, args: argsOfJson(text), callId });

function heardMessages(input: string | readonly InputItem[]): HeardMessage[] {
  if (typeof input === 'string') return [{ role: 'user', text: input }];
  return input.flatMap(({ type, role, content, callId, name, output }): HeardMessage[] => {
    if (type?.endsWith('_result') === true || type?.endsWith('_output') === true)
      return [{ role: 'tool', text: textOfContent(output), callId: wordOf(callId), name: wordOf(name) }];
    if (role === 'user' || role === 'assistant' || role === 'system') return [{ role, text: textOfContent(content) }];
    // A call of a tool, or the model's reasoning: its turn, without words.
    return [{ role: 'assistant', text: '' }];
  });
}

const wordOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** A text, or parts of which some have text. */
function textOfContent(content: unknown): string {
  if (typeof content === 'string') return content;
  const parts: unknown[] = Array.isArray(content) ? content : [content];
  return parts.flatMap((part) => (isTextPart(part) ? [part.text] : [])).join('\n');
}

const isTextPart = (part: unknown): part is { text: string } =>
  typeof part === 'object' && part !== null && typeof (part as { text?: unknown }).text === 'string';
