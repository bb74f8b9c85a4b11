import type { DecisionValue } from '../../../../sdk/compliance/src/api-types.ts';
import type { GovernedEvent, ShieldDecision } from '../../../../sdk/agent/src/decision.ts';
import type { ShieldOptions } from '../../../../sdk/agent/src/shield-options.ts';

export interface ScriptedDecisions {
  /** Options of a governor that decides in this process, as it is told. */
  options: ShieldOptions;
  /** All that was asked about, oldest first. */
  asked: GovernedEvent[];
  /** What was asked about, in short: `user chat: the text`, `send_email({"to":…})`. */
  told: () => string[];
}

export type Verdict = DecisionValue | { value: DecisionValue; reason?: string };

/** Decides by a rule of the test's; what the rule does not know is allowed. */
export function scriptDecisions(rule: (event: GovernedEvent) => Verdict | undefined = () => undefined): ScriptedDecisions {
  const asked: GovernedEvent[] = [];
  const decide = (event: GovernedEvent): ShieldDecision => {
    asked.push(event);
    const verdict = rule(event) ?? 'ALLOW';
    const { value, reason } = typeof verdict === 'string' ? { value: verdict, reason: undefined } : verdict;
    return { eventId: event.id, value, source: 'local', mast: [], riskScore: 0, reasons: reason === undefined ? [] : [reason], policy: null };
  };
  return { options: { decide }, asked, told: () => asked.map(inShort) };
}

function inShort({ action, channel, content, tool }: GovernedEvent): string {
  if (content !== undefined) return `${channel ?? 'no channel'} ${channel === 'tool_result' ? (tool?.name ?? action) : action}: ${content}`;
  return `${action}(${JSON.stringify(tool?.args ?? {})})`;
}

/** Blocks every event whose text or arguments hold the word. */
export const blocking =
  (word: string, reason = 'It is forbidden.') =>
  (event: GovernedEvent): Verdict | undefined =>
    JSON.stringify([event.content, event.tool?.args]).includes(word) ? { value: 'BLOCK', reason } : undefined;
