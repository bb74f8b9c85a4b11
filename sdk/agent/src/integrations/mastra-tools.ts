import type { GovernorOptions } from '../shield.ts';
import { denialOf, isDenial } from './denial.ts';
import { governorOf } from './governor-of.ts';
import { textOfResult, type ToolCall, toolGate } from './tool-gate.ts';

/** What is used of a tool of Mastra; theirs fit into this. */
export interface MastraTool {
  // Their types depend on the tool's own input and output, which a wrapper knows nothing of.
  /* oxlint-disable typescript/no-explicit-any */
  execute?: ((input: any, context: any) => Promise<any>) | undefined;
  toModelOutput?: ((output: any) => unknown) | undefined;
  /* oxlint-enable typescript/no-explicit-any */
}

interface ExecuteContext {
  abortSignal?: AbortSignal | undefined;
  agent?: { toolCallId?: string | undefined } | undefined;
  /** Of a hook. */
  toolCallId?: string | undefined;
}

/**
 * The same tools, governed: each runs when, and as often as, it is allowed, with the arguments a reviewer has changed, and its result is judged as
 * text from outside. A refusal is a result, `{ denied: true, reason, … }`, and no error: the model can plan again.
 * @example new Agent({ tools: governTools({ send_email }, { apiKey }), … })
 */
export function governTools<Tools extends Record<string, MastraTool>>(tools: Tools, options: GovernorOptions): Tools {
  const gate = toolGate(governorOf(options));
  const governed = ([name, tool]: [string, MastraTool]): [string, MastraTool] => {
    const { execute, toModelOutput } = tool;
    if (execute === undefined) return [name, tool];
    const run = async (input: unknown, context: ExecuteContext | undefined): Promise<unknown> => {
      const outcome = await gate.run(
        callOf(name, input, context),
        { execute: (args) => execute.call(tool, args, context) as Promise<unknown> },
        { signal: context?.abortSignal },
      );
      return outcome.denial ?? outcome.result;
    };
    // Mastra would tell the model nothing of a result but its member `value`.
    const told = (output: unknown): unknown => (isDenial(output) ? { type: 'json', value: output } : toModelOutput?.call(tool, output));
    return [name, { ...tool, execute: run, toModelOutput: told }];
  };
  return Object.fromEntries(Object.entries(tools).map(governed)) as Tools;
}

/**
 * Hooks for the tools that are not yours to wrap, such as those of MCP servers and workspaces: a call that is refused is not made, and the model reads the
 * denial as its result. Results are judged by the processor, in the next step. A hook cannot change arguments: where a reviewer has, the call is refused.
 * @example new Agent({ hooks: mastguardToolHooks({ apiKey }), … })
 */
export function mastguardToolHooks(options: GovernorOptions): {
  beforeToolCall: (call: { toolName: string; input: unknown; context?: unknown }) => Promise<{ proceed: false; output: string } | undefined>;
} {
  const gate = toolGate(governorOf(options));
  return {
    async beforeToolCall({ toolName, input, context }) {
      const within = context as ExecuteContext | null | undefined;
      const entry = await gate.enter(callOf(toolName, input, within), { signal: within?.abortSignal });
      if (entry.denial !== undefined) return { proceed: false, output: textOfResult(entry.denial) };
      if (entry.args === input) return undefined;
      const reasons = ['The reviewers changed the arguments, which a hook cannot do.'];
      return { proceed: false, output: textOfResult(denialOf({ ...entry.decision, value: 'BLOCK', reasons })) };
    },
  };
}

const callOf = (name: string, args: unknown, context: ExecuteContext | null | undefined): ToolCall => ({
  name,
  args,
  callId: context?.agent?.toolCallId ?? context?.toolCallId,
});
