import { evaluateEvent } from '../../../../core/decision/evaluate-event.ts';
import type { Evaluation } from '../../../../core/decision/evaluation.ts';
import { openSession, type SessionState } from '../../../../core/detection/session-state.ts';
import { compilePolicy } from '../../../../core/policy/compile.ts';
import type { EventInput } from '../../../../schemas/event.ts';
import { sha256Hex } from '../../../support/detection-context.ts';
import { rule, setOf } from '../../policy/rules.ts';

const POLICY = { version: 'p@1', compiled: compilePolicy(setOf(rule('ask', { effect: 'hitl', when: { actions: ['pay'] } }))) };
const pay = (to: number): EventInput => ({ agentId: 'agent-1', action: 'pay', sessionId: 's', metadata: { to } });

/** Decides events in order as two processes would: the session goes through the database, as text, between any two. */
function decideAll(events: readonly EventInput[], everyMs: number, policy: typeof POLICY | null = POLICY): Evaluation[] {
  let stored = JSON.stringify(openSession(0));
  return events.map((event, index) => {
    const session = JSON.parse(stored) as SessionState;
    const evaluation = evaluateEvent({ orgId: 'org', event: { ...event, id: `e${index}` }, profile: null, session, policy, nowMs: index * everyMs, sha256Hex });
    stored = JSON.stringify(evaluation.session);
    return evaluation;
  });
}
const flooded = ({ findings }: Evaluation): boolean => findings.some(({ detector }) => detector === 'tim.hitlflood');
const payments = (count: number): EventInput[] => Array.from({ length: count }, (_, index) => pay(index));

describe('tim.hitlflood', () => {
  it('flags the session from its eleventh request within ten minutes', () => {
    expect(decideAll(payments(12), 60_000).map(flooded)).toEqual([...Array<boolean>(10).fill(false), true, true]);
  });

  it('flags nothing where the requests are further apart, however many there are', () => {
    expect(decideAll(payments(40), 61_000).some(flooded)).toBe(false);
  });

  it('only flags: what asks goes on asking, what is allowed becomes an alert, and nothing is blocked', () => {
    const after = decideAll([...payments(11), { agentId: 'agent-1', action: 'look_up', sessionId: 's' }], 1_000).slice(-2);
    expect(after.map(({ value }) => value)).toEqual(['HITL', 'ALERT']);
    expect(after.map(({ findings }) => findings.find(({ detector }) => detector === 'tim.hitlflood'))).toEqual(
      [10, 11].map((asks) =>
        expect.objectContaining({ category: 'Time', mode: null, outcome: 'alert', confidence: 0.8, evidence: { asks, withinMs: 600_000 } }),
      ),
    );
  });

  it('does not blame the agent for messages that reach it', () => {
    const [last] = decideAll([...payments(11), { agentId: 'agent-1', action: 'message', sessionId: 's', channel: 'user', content: 'hello' }], 1_000).slice(-1);
    expect(last?.findings).toEqual([]);
  });

  it('counts only what went to people', () => {
    expect(decideAll(payments(30), 1_000, null).some(flooded)).toBe(false);
  });

  it('gives the same verdicts for the same events in the same order', () => {
    const events = Array.from({ length: 60 }, (_, index) => (index % 3 === 0 ? { ...pay(index), action: 'look_up' } : pay(index)));
    expect(decideAll(events, 20_000)).toEqual(decideAll(events, 20_000));
  });

  it('remembers the last twenty, and reads a session of before as one that never asked', () => {
    const session = decideAll(payments(50), 1_000).at(-1)?.session;
    expect(session?.asks).toHaveLength(20);
    expect(openSession(0)).not.toHaveProperty('asks');
    expect(decideAll([pay(1)], 1)[0]?.session?.asks).toEqual([0]);
  });
});
