import { createHash } from 'node:crypto';
import type { DecidedEvent } from '../../activities/decision.ts';
import { spanOfEventId } from '../../core/otlp/span-identity.ts';
import type { Decision } from '../../schemas/decision.ts';

type AttributeValue = { stringValue: string } | { intValue: string } | { doubleValue: number } | { arrayValue: { values: { stringValue: string }[] } };

export interface SpanAttribute {
  key: string;
  value: AttributeValue;
}

/** A span in OTLP's JSON. */
export interface DecisionSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: SpanAttribute[];
  events: { name: string; timeUnixNano: string; attributes: SpanAttribute[] }[];
  status: { code?: number };
}

const KIND_INTERNAL = 1;
const VERDICT: Readonly<Record<Decision['value'], string>> = { ALLOW: 'allow', ALERT: 'warn', HITL: 'review', BLOCK: 'block' };

/**
 * One decision as one span, with an event for every finding. The names follow semantic-conventions-genai PR 427, which is not merged; ours,
 * which will not change, begin with `mastguard.`. Ids, names of tools and categories only: no content, arguments, reasons or people. A decision
 * on a span that we were sent joins its trace. Ids come from the decision, so that one that is exported twice is the same span.
 */
export function decisionSpan({ orgId, mode, event, decision, decidedAtMs }: DecidedEvent): DecisionSpan {
  const origin = spanOfEventId(event.id);
  const end = nanoseconds(decidedAtMs);
  return {
    traceId: origin?.traceId ?? idFrom('trace', decision.id, 32),
    spanId: idFrom('span', decision.id, 16),
    ...(origin === null ? {} : { parentSpanId: origin.spanId }),
    name: 'run_guardrail MastGuard',
    kind: KIND_INTERNAL,
    startTimeUnixNano: nanoseconds(decidedAtMs - decision.latencyMs),
    endTimeUnixNano: end,
    attributes: [
      text('gen_ai.operation.name', 'run_guardrail'),
      text('gen_ai.agent.id', event.agentId),
      ...(event.tool === undefined ? [] : [text('gen_ai.tool.name', event.tool.name)]),
      text('gen_ai.security.guardrail.name', 'MastGuard'),
      text('gen_ai.security.verdict.type', VERDICT[decision.value]),
      { key: 'gen_ai.security.risk.score', value: { doubleValue: decision.riskScore } },
      ...(decision.policy === null ? [] : [text('gen_ai.security.policy.version', decision.policy.version)]),
      ...(decision.policy?.ruleId ? [text('gen_ai.security.policy.rule.id', decision.policy.ruleId)] : []),
      text('mastguard.organization.id', orgId),
      text('mastguard.event.id', event.id),
      text('mastguard.event.action', event.action),
      text('mastguard.event.mode', mode),
      text('mastguard.decision.id', decision.id),
      text('mastguard.decision.value', decision.value),
      {
        key: 'mastguard.decision.categories',
        value: { arrayValue: { values: [...new Set(decision.mast.map(({ category }) => category))].map((stringValue) => ({ stringValue })) } },
      },
      { key: 'mastguard.ledger.seq', value: { intValue: String(decision.receipt.seq) } },
      ...(decision.review === undefined ? [] : [text('mastguard.review.id', decision.review.id)]),
    ],
    events: decision.mast.map(({ category, mode: berkeleyMode, detector, confidence }) => ({
      name: 'gen_ai.security.finding',
      timeUnixNano: end,
      attributes: [
        text('gen_ai.security.risk.finding', detector),
        text('mastguard.finding.category', category),
        ...(berkeleyMode === null ? [] : [text('mastguard.finding.mast_mode', berkeleyMode)]),
        { key: 'mastguard.finding.confidence', value: { doubleValue: confidence } },
      ],
    })),
    // A decision is never an error of the span: what it says stands in its attributes.
    status: {},
  };
}

const text = (key: string, stringValue: string): SpanAttribute => ({ key, value: { stringValue } });

const nanoseconds = (ms: number): string => `${Math.round(ms)}000000`;

const idFrom = (purpose: string, decisionId: string, length: number): string =>
  createHash('sha256').update(`${purpose}\n${decisionId}`).digest('hex').slice(0, length);
