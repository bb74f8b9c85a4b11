import type { StoredEventRecord } from '../../core/ledger/event-record.ts';
import type { AgentRow } from '../../db/queries/agents.ts';
import type { DueReviewRow, RecentEventRow } from '../../db/queries/dashboard.ts';
import type { DecidingPolicy } from '../../schemas/decision.ts';
import type { MastFinding } from '../../schemas/mast.ts';
import type { Chrome } from './chrome.ts';
import type { z } from 'zod';
import { clip, visible } from './text.ts';
import type { Clip } from './text.ts';
import { momentOf, timeAgo, timeLeft } from './time.ts';
import type { Moment } from './time.ts';

export interface DashboardView {
  chrome: Chrome;
  reviews: ReviewLine[];
  decisions: DecisionLine[];
  agents: AgentLine[];
  refreshedAt: Moment;
}

export interface ReviewLine {
  url: string;
  action: Clip;
  agent: Clip;
  reason: Clip;
  risk: string;
  due: Moment;
  left: string;
  isOverdue: boolean;
}

export interface DecisionLine {
  at: Moment;
  agent: Clip;
  action: Clip;
  value: string;
  tone: string;
  mode: string;
  mast: { category: string; detectors: string }[];
  risk: string;
  reasons: ReasonsCell | null;
  rule: Clip | null;
  seq: string;
  runUrl: string | null;
  reviewUrl: string | null;
}

/** The first reason, and all of them where that is not everything. */
interface ReasonsCell {
  first: string;
  more: string | null;
  all: string[];
}

interface AgentLine {
  id: string;
  status: string;
  tone: string;
  stoppedReason: Clip | null;
  purpose: Clip | null;
  seen: (Moment & { ago: string }) | null;
}

export interface DashboardInput {
  chrome: Chrome;
  reviews: readonly DueReviewRow[];
  events: readonly RecentEventRow[];
  agents: readonly AgentRow[];
  runUrlOf: (eventId: string) => string | null;
  nowMs: number;
}

export function dashboardView({ chrome, reviews, events, agents, runUrlOf, nowMs }: DashboardInput): DashboardView {
  return {
    chrome,
    reviews: reviews.map((row) => reviewLine(row, nowMs)),
    decisions: events.map((row) => decisionLine(row, runUrlOf)),
    agents: agents.map((row) => agentLine(row, nowMs)),
    refreshedAt: momentOf(new Date(nowMs)),
  };
}

/** Detectors by category, each once. */
export function mastGroups(findings: readonly Pick<MastFinding, 'category' | 'detector'>[]): { category: string; detectors: string }[] {
  const groups = new Map<string, Set<string>>();
  for (const { category, detector } of findings) groups.set(category, (groups.get(category) ?? new Set()).add(detector));
  return [...groups].map(([category, detectors]) => ({ category, detectors: [...detectors].join(', ') }));
}

export function ruleText(policy: z.infer<typeof DecidingPolicy> | null): string | null {
  return policy === null ? null : `${policy.ruleId ?? 'default'} (${policy.version})`;
}

function reviewLine({ id, action, agentId, riskScore, reasons, dueAt }: DueReviewRow, nowMs: number): ReviewLine {
  return {
    url: `/dashboard/reviews/${encodeURIComponent(id)}`,
    action: clip(action, 48),
    agent: clip(agentId, 40),
    reason: clip(reasons[0] ?? 'the policy asks for a review', 120),
    risk: String(riskScore),
    due: momentOf(dueAt),
    left: timeLeft(dueAt, nowMs),
    isOverdue: dueAt.getTime() < nowMs,
  };
}

function decisionLine({ seq, at, body }: RecentEventRow, runUrlOf: DashboardInput['runUrlOf']): DecisionLine {
  const { event, decision, mode } = JSON.parse(body) as StoredEventRecord;
  const rule = ruleText(decision.policy);
  return {
    at: momentOf(at),
    agent: clip(event.agentId, 40),
    action: clip(event.action, 48),
    value: decision.value,
    tone: decision.value.toLowerCase(),
    mode,
    mast: mastGroups(decision.mast),
    risk: String(decision.riskScore),
    reasons: reasonsCell(decision.reasons),
    rule: rule === null ? null : clip(rule, 48),
    seq: String(seq),
    // Observed events share a run per batch, which the record does not name.
    runUrl: mode === 'governed' ? runUrlOf(event.id) : null,
    reviewUrl: decision.review === undefined ? null : `/dashboard/reviews/${encodeURIComponent(decision.review.id)}`,
  };
}

function reasonsCell(reasons: readonly string[]): ReasonsCell | null {
  const [first] = reasons;
  if (first === undefined) return null;
  const { short, full } = clip(first, 110);
  const others = reasons.length - 1;
  const more = others > 0 ? `${others} more` : full === null ? null : 'in full';
  return { first: short, more, all: reasons.map(visible) };
}

function agentLine({ agentId, status, stoppedReason, profile, lastSeenAt }: AgentRow, nowMs: number): AgentLine {
  const { purpose } = (profile === null ? {} : JSON.parse(profile)) as { purpose?: string };
  return {
    id: agentId,
    status,
    tone: status === 'active' ? 'allow' : 'block',
    stoppedReason: stoppedReason === null ? null : clip(stoppedReason, 120),
    purpose: purpose === undefined ? null : clip(purpose, 120),
    seen: lastSeenAt === null ? null : { ...momentOf(lastSeenAt), ago: timeAgo(lastSeenAt, nowMs) },
  };
}
