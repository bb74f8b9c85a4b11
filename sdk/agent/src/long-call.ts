import type { Json } from '../../compliance/src/api-types.ts';
import type { EventDraft } from './decision.ts';
import type { Governor, PermitOptions } from './governor.ts';
import { fitArguments, shortestArguments } from './fit-arguments.ts';
import type { Permit } from './permit.ts';
import { splitContent } from './split-content.ts';
import { permitAll } from './wrap/permit-all.ts';

/**
 * The action of an event that is a part of long arguments; the tool's name stands in `tool`. A rule that has people decide about a call must not ask them about
 * every part of it.
 */
const ARGUMENTS_ACTION = 'tool_args';

/** A call whose arguments do not fit into an event. */
export interface LongCall {
  /** The call, in which long texts stand by their digest, so that rules about its arguments hold; then these texts, in parts. */
  drafts: EventDraft[];
  /** Puts the texts back, into arguments that a reviewer has changed too. */
  restore: (args: Record<string, Json>) => Record<string, Json>;
}

/** @returns undefined for a call that fits */
export function longCall(draft: EventDraft): LongCall | undefined {
  const { args = {}, ...tool } = draft.tool ?? { name: draft.action };
  const fitted = fitArguments(args);
  if (fitted?.texts.length === 0) return undefined;
  // Too many short ones: the call goes with as many of its arguments as fit, and all of them go as one text.
  const call = { ...draft, tool: { ...tool, args: fitted?.args ?? shortestArguments(args) } };
  const { agentId, sessionId, principal, metadata } = draft;
  const texts = fitted?.texts ?? [JSON.stringify(args)];
  const parts = texts
    .flatMap((text) => splitContent(text))
    .map((content, part): EventDraft => {
      // What has a name of its own has it so that it can be asked about again.
      const named = draft.id === undefined ? {} : { id: `${draft.id}.${part + 1}` };
      return { ...named, agentId, sessionId, principal, action: ARGUMENTS_ACTION, channel: 'tool_args', tool: { name: tool.name }, content, metadata };
    });
  return { drafts: [call, ...parts], restore: fitted?.restore ?? ((changed) => ({ ...args, ...changed })) };
}

/**
 * Asks about a call, however long its arguments are.
 * @throws MastGuardBlockedError
 */
export async function permitToolCall(governor: Governor, draft: EventDraft, options?: PermitOptions): Promise<Permit> {
  const long = longCall(draft);
  if (long === undefined) return governor.permit(draft, options);
  const [permit] = (await permitAll(governor, long.drafts, options?.signal)) as [Permit];
  return permit.args === undefined ? permit : { ...permit, args: long.restore(permit.args) };
}
