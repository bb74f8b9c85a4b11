import { advanceSession } from '../../../core/detection/advance-session.ts';
import { openSession, SESSION_RING_SIZE, type SessionState } from '../../../core/detection/session-state.ts';
import { detectionContext } from '../../support/detection-context.ts';

const after = (event: Parameters<typeof detectionContext>[0], session: SessionState = openSession(0)): SessionState => {
  const next = advanceSession(detectionContext(event, { session, nowMs: 5 }));
  if (next === null) throw new Error('expected a session');
  return next;
};

describe('advanceSession', () => {
  it('gives none for an event without a session', () => {
    expect(advanceSession(detectionContext({}))).toBeNull();
  });

  it('counts what the agent does, not what reaches it', () => {
    expect(after({ tool: { name: 'get_order' } })).toMatchObject({ steps: 1, ring: [{ agentId: 'agent-1', action: 'step', atMs: 5 }] });
    expect(after({ channel: 'user', content: 'hello' })).toMatchObject({ steps: 0, ring: [] });
  });

  it('keeps the newest 64 steps and leaves the state it was given alone', () => {
    const first = openSession(0);
    let session = first;
    for (let step = 0; step < 100; step += 1) session = after({ action: `step-${step}` }, session);
    expect(session.ring.length).toBe(SESSION_RING_SIZE);
    expect(session.ring.at(-1)?.action).toBe('step-99');
    expect(session.steps).toBe(100);
    expect(first).toEqual(openSession(0));
  });

  it('adds tokens and cost, and never lets a negative amount buy budget back', () => {
    const spent = after({ metadata: { tokens: 10, cost: 0.5 } });
    expect(after({ metadata: { tokens: -10, cost: '1' } }, spent)).toMatchObject({ tokens: 10, spend: 0.5 });
  });

  it('sets its bits from labels and keeps them', () => {
    expect(after({ tool: { name: 'search_web' }, channel: 'tool_result' })).toMatchObject({ untrusted: true, private: false, egress: false });
    expect(after({ tool: { name: 'get_user' } })).toMatchObject({ untrusted: false, private: true, egress: false });
    expect(after({ tool: { name: 'send_note' } })).toMatchObject({ egress: true });
    const ended = after({ metadata: { terminal: true } });
    expect(after({}, { ...ended, untrusted: true, private: true, egress: true })).toMatchObject({
      terminal: true,
      untrusted: true,
      private: true,
      egress: true,
    });
  });
});
