import type { EventDraft, ShieldDecision } from '../../sdk/agent/src/decision.ts';
import { createGovernor, type Governor } from '../../sdk/agent/src/governor.ts';
import { PolicyEngine } from '../../sdk/agent/src/policy-engine.ts';

export interface NotingGovernor extends Governor {
  /** What was asked, in its order. */
  asked: EventDraft[];
  /** What was recorded only. */
  observed: EventDraft[];
}

/** The word that no content and no argument of a tool may hold. */
export const FORBIDDEN = 'FORBIDDEN';

const decisionOf = (eventId: string, value: ShieldDecision['value']): ShieldDecision => ({
  eventId,
  value,
  source: 'local',
  mast: [],
  riskScore: value === 'ALLOW' ? 0 : 90,
  reasons: value === 'ALLOW' ? [] : ['a forbidden word'],
  policy: null,
});

export interface NotingOptions {
  /** Whether windows are checked for the word as well. Default: true. */
  checksWindows?: boolean;
  /** Runs before a decision; what it throws, the question rejects with. */
  beforeDecision?: (draft: EventDraft) => Promise<void> | void;
  /** Arguments that reviewers put in the place of those asked for. */
  changedArgs?: Record<string, string>;
}

/** A governor that decides in this process, and notes all it is asked and told. */
export function notingGovernor({ checksWindows = true, beforeDecision, changedArgs }: NotingOptions = {}): NotingGovernor {
  const when = { condition: `has(event.content) && event.content.contains("${FORBIDDEN}")` };
  const policy = new PolicyEngine({ rules: [{ id: 'word', priority: 10, when, effect: 'block', reason: 'a forbidden word' }] });
  const governor = createGovernor({
    policy: checksWindows ? policy : undefined,
    decide: ({ id, content = '', tool }) => decisionOf(id, `${content}${JSON.stringify(tool ?? null)}`.includes(FORBIDDEN) ? 'BLOCK' : 'ALLOW'),
  });
  const asked: EventDraft[] = [];
  const observed: EventDraft[] = [];
  return {
    ...governor,
    asked,
    observed,
    async permit(draft, options) {
      asked.push(draft);
      await beforeDecision?.(draft);
      const permit = await governor.permit(draft, options);
      return changedArgs !== undefined && draft.tool?.args !== undefined ? { ...permit, args: changedArgs } : permit;
    },
    observe(draft) {
      observed.push(draft);
      governor.observe(draft);
    },
  };
}
