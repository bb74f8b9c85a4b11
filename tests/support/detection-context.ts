import { createHash } from 'node:crypto';
import { evaluateEvent } from '../../core/decision/evaluate-event.ts';
import type { DetectionContext } from '../../core/detection/context.ts';
import { readEventTexts, type EventText } from '../../core/detection/event-texts.ts';
import { openSession } from '../../core/detection/session-state.ts';
import type { Finding } from '../../core/mast/finding.ts';
import type { AgentProfile } from '../../schemas/agent.ts';
import type { EventInput } from '../../schemas/event.ts';

export const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A context around an event of which a test states only what matters to it. */
export function detectionContext(event: Partial<EventInput>, overrides: Partial<Omit<DetectionContext, 'event'>> = {}): DetectionContext {
  return {
    orgId: 'org-a',
    event: { agentId: 'agent-1', action: 'step', ...event, id: event.id ?? 'evt_1' },
    profile: null,
    session: null,
    nowMs: 0,
    sha256Hex,
    ...overrides,
  };
}

/** One detector on one event, with the texts read as `detect` reads them. */
export function runDetector(
  detector: (context: DetectionContext, views: readonly EventText[]) => Finding | null,
  event: Partial<EventInput>,
  overrides: Partial<Omit<DetectionContext, 'event'>> = {},
): Finding | null {
  const context = detectionContext(event, overrides);
  return detector(context, readEventTexts(context.event));
}

/** Findings per event of one session, one second apart, decided without a policy. */
export function replaySession(events: readonly EventInput[], profile: AgentProfile | null = null): Finding[][] {
  let session = openSession(0);
  return events.map((event, index) => {
    const evaluation = evaluateEvent({
      orgId: 'org-a',
      event: { ...event, id: event.id ?? `evt_${index}` },
      profile,
      session,
      policy: null,
      nowMs: index * 1000,
      sha256Hex,
    });
    session = evaluation.session ?? session;
    return evaluation.findings;
  });
}
