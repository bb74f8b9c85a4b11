import type { AgentProfile } from '../../schemas/agent.ts';
import type { ToolCall, ToolLabels } from '../../schemas/event.ts';
import { findGrant } from './grants.ts';
import { nameTokens } from './tool-name.ts';

/**
 * Labels of a tool. The grant's labels win (the organisation set them), then the event's, then what the name suggests.
 * An unknown name counts as untrusted and writing.
 */
export function toolLabels(tool: ToolCall, profile: AgentProfile | null): SettledLabels {
  const inferred = inferLabels(tool.name);
  const { source = inferred.source, reads = inferred.reads, effect = inferred.effect } = statedLabels(tool, profile);
  return { source, reads, effect };
}

export type SettledLabels = { [Label in keyof ToolLabels]-?: NonNullable<ToolLabels[Label]> };

/** Labels somebody stated, without inference. */
export const statedLabels = (tool: ToolCall, profile: AgentProfile | null): ToolLabels => ({ ...tool.labels, ...findGrant(profile, tool.name)?.labels });

export function inferLabels(toolName: string): SettledLabels {
  const tokens = nameTokens(toolName);
  const has = (set: ReadonlySet<string>): boolean => tokens.some((token) => set.has(token));
  const lead = tokens.find((token) => VERBS.has(token)) ?? '';
  const effect = has(EXEC) ? 'exec' : (VERBS.get(lead) ?? 'write');
  return {
    source: tokens.length > 0 && tokens.every((token) => SELF_CONTAINED.has(token)) ? 'trusted' : 'untrusted',
    reads: has(PRIVATE) ? 'private' : has(PUBLIC) ? 'public' : 'internal',
    effect,
  };
}

type Effect = SettledLabels['effect'];
const list = (text: string): string[] => text.split(' ');
const VERBS: ReadonlyMap<string, Effect> = new Map([
  ...list(
    'get list search find read fetch lookup query check view show describe count calculate compute think plan summarize summarise analyze analyse validate verify retrieve select browse inspect preview estimate translate convert parse ping download',
  ).map((verb): [string, Effect] => [verb, 'none']),
  ...list('send post email mail publish share upload forward notify message invite transfer pay tweet reply call sms webhook export push broadcast').map(
    (verb): [string, Effect] => [verb, 'egress'],
  ),
  ...list('delete drop truncate purge wipe destroy erase terminate shutdown revoke deprovision decommission nuke').map((verb): [string, Effect] => [
    verb,
    'destroy',
  ]),
]);
export const EXEC: ReadonlySet<string> = new Set(list('shell bash zsh sh exec eval terminal subprocess powershell pwsh python cmd repl interpreter'));
const SELF_CONTAINED: ReadonlySet<string> = new Set(list('think plan calculate calculator compute add subtract multiply divide now time date clock'));
const PRIVATE: ReadonlySet<string> = new Set(
  list(
    'user users customer customers account accounts profile email emails mail inbox contact contacts patient patients payment payments bank transaction transactions salary payroll calendar message messages medical record records secret secrets credential credentials vault',
  ),
);
const PUBLIC: ReadonlySet<string> = new Set(list('web weather news flight flights airport airports wikipedia internet stock public holiday exchange'));
