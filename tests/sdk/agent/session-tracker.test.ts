import { decideLocally } from '../../../sdk/agent/src/decide-locally.ts';
import { SessionTracker } from '../../../sdk/agent/src/session-tracker.ts';

const event = (sessionId: string | undefined, more: object = {}) => ({
  id: 'e',
  agentId: 'a',
  action: 'read_mail',
  ...(sessionId === undefined ? {} : { sessionId }),
  ...more,
});

describe('SessionTracker', () => {
  it('adds up steps, tokens and spending, and remembers what cannot be undone', () => {
    const sessions = new SessionTracker();
    const id = sessions.start();
    sessions.track(event(id, { tool: { name: 'read_mail', args: { box: 'in' } }, metadata: { tokens: 10, cost: 0.5 } }));
    sessions.track(event(id, { channel: 'tool_result', trust: 'untrusted', content: 'a letter' }));
    const view = sessions.track(event(id, { tool: { name: 'send_email', args: { to: 'ann@example.com' } }, metadata: { tokens: 5 } }));
    expect(view).toMatchObject({ steps: 2, tokens: 15, spend: 0.5, untrusted: true, egress: true });
    expect(sessions.get(id)).toEqual(view);
    sessions.end(id);
    expect(sessions.get(id)).toBeUndefined();
  });

  it('has nothing to say of an event without a session', () => {
    const sessions = new SessionTracker();
    expect(sessions.track(event(undefined))).toBeUndefined();
    expect(sessions.size).toBe(0);
  });

  it('forgets the session that was not used for longest', () => {
    const sessions = new SessionTracker({ maxSessions: 2 });
    for (const id of ['a', 'b', 'a', 'c']) sessions.track(event(id));
    expect([sessions.size, sessions.get('a')?.steps, sessions.get('b')]).toEqual([2, 2, undefined]);
  });

  it('lets decisions in this process see loops', () => {
    const decide = decideLocally({ sessions: new SessionTracker() });
    const call = event('s', { action: 'search', tool: { name: 'search', args: { q: 'same' } } });
    const found = Array.from({ length: 12 }, (_, index) => decide({ ...call, id: `e${index}` })).flatMap(({ mast }) => mast.map(({ detector }) => detector));
    expect(found).toContain('tim.loop');
  });
});
