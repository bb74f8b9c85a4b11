import { detectTimNoend } from '../../../../core/detection/detectors/tim-noend.ts';
import { openSession } from '../../../../core/detection/session-state.ts';
import { runDetector } from '../../../support/detection-context.ts';

const tool = { name: 'get_order' };
const session = { ...openSession(0), steps: 3, tokens: 90, spend: 0.9 };

describe('tim.noend', () => {
  it.each([
    ['maxSteps', { maxSteps: 3 }],
    ['maxDurationMs', { maxDurationMs: 999 }],
    ['maxTokens', { maxTokens: 99 }],
    ['maxSpend', { maxSpend: 0.95 }],
  ])('blocks the event that exceeds %s', (limit, limits) => {
    expect(runDetector(detectTimNoend, { tool, metadata: { tokens: 10, cost: 0.1 } }, { session, profile: { limits }, nowMs: 1000 })).toMatchObject({
      outcome: 'block',
      mode: 'FM-1.5',
      evidence: { limit },
    });
  });

  it('lets an event reach a budget exactly', () => {
    expect(
      runDetector(
        detectTimNoend,
        { tool, metadata: { tokens: 10 } },
        { session, profile: { limits: { maxSteps: 4, maxTokens: 100, maxDurationMs: 1000 } }, nowMs: 1000 },
      ),
    ).toBeNull();
  });

  it('blocks tool calls after the end, not closing messages', () => {
    const ended = { ...session, terminal: true };
    expect(runDetector(detectTimNoend, { tool }, { session: ended })?.evidence).toEqual({ limit: 'terminal' });
    expect(runDetector(detectTimNoend, { channel: 'user', content: 'thank you' }, { session: ended })).toBeNull();
  });

  it('does not blame the agent for messages that reach it past a budget', () => {
    expect(runDetector(detectTimNoend, { channel: 'user', content: 'hello' }, { session, profile: { limits: { maxSteps: 1 } } })).toBeNull();
  });
});
