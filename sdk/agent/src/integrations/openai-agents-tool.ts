import type { GovernorOptions } from '../shield.ts';
import { governorOf } from './governor-of.ts';
import { argsOfJson } from './args-of-json.ts';
import { textOfResult, toolGate } from './tool-gate.ts';

interface CallDetails {
  toolCall?: { callId: string } | undefined;
  resumeState?: unknown;
  signal?: AbortSignal | undefined;
}

/** What is used of a function tool of OpenAI Agents; theirs fit into this. */
export interface FunctionTool {
  name: string;
  // Their types depend on the tool's own input and context, which a wrapper knows nothing of.
  /* oxlint-disable typescript/no-explicit-any */
  invoke: (context: any, input: string, details?: any) => Promise<any>;
  needsApproval: (context: any, input: any, callId?: string) => Promise<boolean>;
  /* oxlint-enable typescript/no-explicit-any */
}

export type GovernToolOptions = GovernorOptions & {
  /**
   * With a HITL decision: `mastguard`: the tool waits for the reviewers. `sdk`: the run stops with an interruption; approve it when MastGuard's reviewers have
   * decided (`hitl.decided`, or `mg.hitl.wait`), and the tool uses their approval. Default: `mastguard`.
   */
  approval?: 'mastguard' | 'sdk' | undefined;
};

/**
 * The same tool, governed: it runs when, and as often as, it is allowed, with the arguments a reviewer has changed, and its result is judged as
 * text from outside. A refusal is a result, `{"denied":true,"reason":…}`, and no error: the model can plan again.
 * @example new Agent({ tools: [governTool(sendEmail, { apiKey })], … })
 */
export function governTool<Tool extends FunctionTool>(tool: Tool, options: GovernToolOptions): Tool {
  const gate = toolGate(governorOf(options));
  const { name } = tool;
  return {
    ...tool,
    async invoke(context: unknown, input: string, details?: CallDetails) {
      const asked = argsOfJson(input);
      const outcome = await gate.run(
        { name, args: asked, callId: details?.toolCall?.callId },
        {
          execute: (args) =>
            (args === asked ? tool.invoke(context, input, details) : tool.invoke(context, JSON.stringify(args), withoutPrepared(details))) as Promise<unknown>,
        },
        { signal: details?.signal },
      );
      return outcome.denial === undefined ? outcome.result : textOfResult(outcome.denial);
    },
    ...(options.approval === 'sdk'
      ? {
          needsApproval: async (context: unknown, args: unknown, callId?: string): Promise<boolean> =>
            (await gate.ask({ name, args, callId })) === 'review' || (await tool.needsApproval(context, args, callId)),
        }
      : {}),
  };
}

/** The SDK keeps the arguments it has parsed with the details; they are not those to run with. */
const withoutPrepared = (details: CallDetails | undefined): CallDetails => ({
  toolCall: details?.toolCall,
  resumeState: details?.resumeState,
  signal: details?.signal,
});
