import type { Finding } from '../../mast/finding.ts';
import type { DetectionContext } from '../context.ts';
import { isToolCall } from '../event-kind.ts';
import type { EventText } from '../event-texts.ts';
import { matchExecPatterns, SMUGGLED_COMMAND } from '../exec-patterns.ts';
import { CODE_KEYS, isExecTool, runnableArgs } from '../exec-tool.ts';

/** Dangerous code or shell in an argument that is run. Text that merely talks about a command is left alone. */
export function detectActExec({ event, profile }: DetectionContext, _views: readonly EventText[]): Finding | null {
  if (event.tool === undefined || !isToolCall(event)) return null;
  const runsCode = isExecTool(event.tool, profile);
  for (const { pointer, key, value } of runnableArgs(event.tool, profile)) {
    if (typeof value !== 'string') continue;
    const [construct, ...others] = matchExecPatterns(value);
    if (construct !== undefined)
      return finding(0.95, `The argument at ${pointer} would run a dangerous construct (${construct}).`, { pointer, constructs: [construct, ...others] });
    if (runsCode && VALUE_KEYS.has(key) && !CODE_KEYS.has(key) && SMUGGLED_COMMAND.test(value.slice(0, 4096))) {
      return finding(0.85, `The argument at ${pointer} should hold one value and carries a second command.`, { pointer, constructs: ['smuggled-command'] });
    }
  }
  return null;
}

/** Arguments of an exec tool that name one thing rather than hold code. */
const VALUE_KEYS: ReadonlySet<string> = new Set([
  'file',
  'filename',
  'filepath',
  'path',
  'directory',
  'dir',
  'cwd',
  'workdir',
  'host',
  'hostname',
  'ip',
  'url',
  'user',
  'username',
  'name',
  'branch',
  'package',
  'target',
  'domain',
]);

const finding = (confidence: number, reason: string, evidence: Finding['evidence']): Finding => ({
  detector: 'act.exec',
  category: 'Action',
  mode: null,
  confidence,
  outcome: 'block',
  reason,
  evidence,
});
