import type { AgentProfile } from '../../schemas/agent.ts';
import type { ToolCall } from '../../schemas/event.ts';
import { EXEC, toolLabels } from './tool-labels.ts';
import { nameTokens } from './tool-name.ts';
import { walkArgs, type Leaf } from './walk-args.ts';

/** Whether a tool runs code: by its labels, or by its name (`bash`, `run_command`, `execute_code`, `python`). */
export function isExecTool(tool: ToolCall, profile: AgentProfile | null): boolean {
  if (toolLabels(tool, profile).effect === 'exec') return true;
  const tokens = nameTokens(tool.name);
  if (tokens.some((token) => EXEC.has(token))) return true;
  return tokens.some((token) => RUN.has(token)) && tokens.some((token) => CODE.has(token));
}

/** Arguments that are run: all strings of a tool that runs code, and those named for code in any other. */
export function runnableArgs(tool: ToolCall, profile: AgentProfile | null): Leaf[] {
  const runsAll = isExecTool(tool, profile);
  return walkArgs(tool.args, '/tool/args').filter(({ key, value }) => typeof value === 'string' && (runsAll || CODE_KEYS.has(key)));
}

const RUN: ReadonlySet<string> = new Set(['run', 'execute', 'exec', 'invoke']);
const CODE: ReadonlySet<string> = new Set(['command', 'commands', 'code', 'script', 'process']);
export const CODE_KEYS: ReadonlySet<string> = new Set(['command', 'cmd', 'commands', 'script', 'code', 'shell', 'commandline']);
