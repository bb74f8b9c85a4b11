import type { Finding } from '../../mast/finding.ts';
import { advanceSession } from '../advance-session.ts';
import type { DetectionContext } from '../context.ts';
import { isAgentStep, isToolCall } from '../event-kind.ts';
import type { EventText } from '../event-texts.ts';

/** A session that does not end: this event takes it past a budget of `profile.limits`, or calls a tool after the task was over. */
export function detectTimNoend(context: DetectionContext, _views: readonly EventText[]): Finding | null {
  const { event, session, profile, nowMs } = context;
  const next = advanceSession(context);
  if (session === null || next === null) return null;
  if (session.terminal && isToolCall(event)) return finding('A tool was called after the session had ended.', { limit: 'terminal' });
  const limits = profile?.limits;
  const spends = next.tokens > session.tokens || next.spend > session.spend;
  if (limits === undefined || (!isAgentStep(event) && !spends)) return null;
  const budgets: readonly (readonly [string, number, number | undefined])[] = [
    ['maxSteps', next.steps, limits.maxSteps],
    ['maxDurationMs', nowMs - session.startedAtMs, limits.maxDurationMs],
    ['maxTokens', next.tokens, limits.maxTokens],
    ['maxSpend', next.spend, limits.maxSpend],
  ];
  const exceeded = budgets.find(([, used, limit]) => limit !== undefined && used > limit);
  if (exceeded === undefined) return null;
  const [name, used, allowed] = exceeded;
  return finding(`The session is past its ${name} of ${allowed}.`, { limit: name, used, allowed: allowed ?? 0 });
}

const finding = (reason: string, evidence: Finding['evidence']): Finding => ({
  detector: 'tim.noend',
  category: 'Time',
  mode: 'FM-1.5',
  confidence: 1,
  outcome: 'block',
  reason,
  evidence,
});
