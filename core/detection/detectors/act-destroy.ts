import type { Finding } from '../../mast/finding.ts';
import type { DetectionContext } from '../context.ts';
import { destructiveStatement } from '../destructive-statements.ts';
import { destructiveVerb } from '../destructive-names.ts';
import { isInbound, isToolCall } from '../event-kind.ts';
import type { EventText } from '../event-texts.ts';
import { isExecTool } from '../exec-tool.ts';
import { toolLabels } from '../tool-labels.ts';
import { nameTokens } from '../tool-name.ts';
import { walkArgs } from '../walk-args.ts';

const DEFAULT_MAX_BULK_COUNT = 100;

/** Destructive actions: by name, by label, by SQL or shell statement, or by the number of things touched at once. */
export function detectActDestroy(context: DetectionContext, _views: readonly EventText[]): Finding | null {
  const { event } = context;
  if (isInbound(event) && !isToolCall(event)) return null;
  for (const [pointer, name] of [
    ['/tool/name', event.tool?.name],
    ['/action', event.action],
  ] as const) {
    const verb = name === undefined ? null : destructiveVerb(name);
    if (verb !== null) return finding(0.9, `The name at ${pointer} is destructive (${verb}).`, { pointer, verb });
  }
  return event.tool === undefined ? null : inArguments(context, event.tool);
}

function inArguments({ profile }: DetectionContext, tool: NonNullable<DetectionContext['event']['tool']>): Finding | null {
  const { effect } = toolLabels(tool, profile);
  if (effect === 'destroy') return finding(0.9, 'The tool is labelled destructive.', { pointer: '/tool/labels/effect', verb: 'destroy' });
  const runs = isExecTool(tool, profile) || nameTokens(tool.name).some((token) => DATABASE_TOKENS.has(token));
  const maxBulkCount = profile?.limits?.maxBulkCount ?? DEFAULT_MAX_BULK_COUNT;
  for (const { pointer, key, value } of walkArgs(tool.args, '/tool/args')) {
    if (typeof value === 'string') {
      const statement = destructiveStatement(value, { anchored: !runs && !STATEMENT_KEYS.has(key) });
      if (statement !== null) return finding(0.9, `The argument at ${pointer} holds a destructive statement (${statement}).`, { pointer, statement });
    } else if (effect !== 'none') {
      const count = Array.isArray(value) ? value.length : typeof value === 'number' && (key === 'count' || key === 'limit') ? value : 0;
      if (count > maxBulkCount)
        return finding(0.8, `The argument at ${pointer} touches ${count} things at once; ${maxBulkCount} are allowed without a person.`, {
          pointer,
          count,
          limit: maxBulkCount,
        });
    }
  }
  return null;
}

const DATABASE_TOKENS: ReadonlySet<string> = new Set(['sql', 'postgres', 'mysql', 'sqlite', 'database', 'db', 'mongo', 'redis']);
const STATEMENT_KEYS: ReadonlySet<string> = new Set(['sql', 'query', 'statement', 'command', 'cmd', 'commands', 'script', 'code', 'shell', 'commandline']);

const finding = (confidence: number, reason: string, evidence: Finding['evidence']): Finding => ({
  detector: 'act.destroy',
  category: 'Action',
  mode: 'FM-1.1',
  confidence,
  outcome: 'hitl',
  reason,
  evidence,
});
