import type { Governor } from '../governor.ts';
import type { GovernorOptions } from '../shield.ts';
import { isDenial } from './denial.ts';
import { governorOf } from './governor-of.ts';
import { type ToolCall, toolGate } from './tool-gate.ts';

/** What is used of a tool of AI SDK 6; theirs fit into this. */
export interface AiTool {
  // Their types depend on the tool's own input and output, which a wrapper knows nothing of.
  // oxlint-disable-next-line typescript/no-explicit-any
  execute?: ((input: any, options: any) => any) | undefined;
  // oxlint-disable-next-line typescript/no-explicit-any
  needsApproval?: boolean | ((input: any, options: any) => boolean | PromiseLike<boolean>) | undefined;
  // oxlint-disable-next-line typescript/no-explicit-any
  toModelOutput?: ((options: any) => any) | undefined;
}

export type GovernToolsOptions = GovernorOptions & {
  /**
   * With a HITL decision: `mastguard`: the tool waits for the reviewers. `sdk`: the run stops with a `tool-approval-request` of the SDK; when your
   * application has answered it, the tool waits for the reviewers, which is short where the answer was sent after `hitl.decided`. Default:
   * `mastguard`.
   */
  approval?: 'mastguard' | 'sdk' | undefined;
};

interface ExecuteOptions {
  toolCallId?: string;
  abortSignal?: AbortSignal;
}

/**
 * The same tools, governed: each runs when, and as often as, it is allowed, with the arguments a reviewer has changed, and its result is judged as
 * text from outside. A refusal is a result, `{ denied: true, reason, … }`, and no error: the model can plan again.
 * @example generateText({ model, tools: governTools({ send_email }, { apiKey }), … })
 */
export function governTools<Tools extends Record<string, AiTool>>(tools: Tools, options: GovernToolsOptions): Tools {
  return Object.fromEntries(
    Object.entries(tools).map(([name, tool]) => [name, governTool(tool, { ...options, governor: governorOf(options), name })]),
  ) as Tools;
}

/** One tool; `name` is the one the model calls it by. A tool without `execute` is run elsewhere, and is left as it is. */
export function governTool<Tool extends AiTool>(tool: Tool, options: GovernToolsOptions & { name: string }): Tool {
  const { execute } = tool;
  if (execute === undefined) return tool;
  const { name, approval = 'mastguard' } = options;
  const governor = governorOf(options);
  const gate = toolGate(governor);
  const callOf = (args: unknown, { toolCallId: callId }: ExecuteOptions): ToolCall => ({ name, args, callId });
  return {
    ...tool,
    async execute(input: unknown, executeOptions: ExecuteOptions = {}) {
      const outcome = await gate.run(
        callOf(input, executeOptions),
        { execute: async (args) => lastOf(await execute.call(tool, args, executeOptions)) },
        { signal: executeOptions.abortSignal },
      );
      return outcome.denial ?? outcome.result;
    },
    ...(tool.toModelOutput === undefined ? {} : { toModelOutput: modelOutputOf(tool.toModelOutput) }),
    ...(approval === 'sdk' ? { needsApproval: approvalOf(tool, governor, callOf) } : {}),
  };
}

/** A tool that streams is heard to its end: what it says on the way has not been judged. */
async function lastOf(result: unknown): Promise<unknown> {
  if (typeof result !== 'object' || result === null || !(Symbol.asyncIterator in result)) return result;
  let last: unknown;
  for await (const step of result as AsyncIterable<unknown>) last = step;
  return last;
}

/** The tool's own form is for its own results. */
const modelOutputOf =
  (toModelOutput: NonNullable<AiTool['toModelOutput']>): NonNullable<AiTool['toModelOutput']> =>
  (options: { output: unknown }) =>
    isDenial(options.output) ? { type: 'json', value: options.output } : (toModelOutput(options) as unknown);

function approvalOf(tool: AiTool, governor: Governor, callOf: (args: unknown, options: ExecuteOptions) => ToolCall) {
  return async (input: unknown, options: ExecuteOptions): Promise<boolean> => {
    const { needsApproval: own } = tool;
    const asksItself = typeof own === 'function' ? await own(input, options) : (own ?? false);
    return (await toolGate(governor).ask(callOf(input, options), { signal: options.abortSignal })) === 'review' || asksItself;
  };
}
