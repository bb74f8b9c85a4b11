import type { EventInput } from '../../../../schemas/event.ts';
import { replaySession } from '../../../support/detection-context.ts';

const call = (id: number, agentId = 'agent-1'): EventInput => ({ agentId, action: 'get_order', sessionId: 's', tool: { name: 'get_order', args: { id } } });
const message: EventInput = { agentId: 'agent-1', action: 'reply', sessionId: 's', channel: 'agent_message', content: 'one moment' };
const result: EventInput = { agentId: 'agent-1', action: 'get_order', sessionId: 's', channel: 'tool_result', tool: { name: 'get_order' }, content: 'pending' };

const outcomes = (events: EventInput[]): (string | null)[] =>
  replaySession(events).map((findings) => findings.find(({ detector }) => detector === 'tim.loop')?.outcome ?? null);

describe('tim.loop', () => {
  it('alerts from the third call in a row and blocks from the fifth', () => {
    expect(outcomes([call(1), call(1), call(1), call(1), call(1)])).toEqual([null, null, 'alert', 'alert', 'block']);
  });

  it('alerts from the fourth call in a session and blocks from the eighth', () => {
    const events = Array.from({ length: 8 }, (_, index) => [call(1), call(100 + index)]).flat();
    expect(outcomes(events).filter((_, index) => index % 2 === 0)).toEqual([null, null, null, 'alert', 'alert', 'alert', 'alert', 'block']);
  });

  it('neither counts messages and results nor lets them or other agents break a run', () => {
    expect(outcomes([call(1), result, message, call(1), call(9, 'agent-2'), result, call(1)]).at(-1)).toBe('alert');
    expect(outcomes([message, message, message, message, message])).toEqual([null, null, null, null, null]);
  });

  it('takes calls and actions on different resources for different ones', () => {
    const plain: EventInput = { agentId: 'agent-1', action: 'read_record', sessionId: 's' };
    for (const event of [plain, { ...plain, tool: { name: 'read_record' } }]) {
      const on = (id: string): EventInput => ({ ...event, resource: { type: 'customer', id } });
      expect(outcomes(Array.from({ length: 9 }, (_, index) => on(`c${index}`)))).toEqual(Array.from({ length: 9 }, () => null));
      expect(outcomes([on('c0'), on('c0'), on('c0'), on('c0'), on('c0')])).toEqual([null, null, 'alert', 'alert', 'block']);
    }
  });

  it('counts plain actions with equal metadata', () => {
    const plain: EventInput = { agentId: 'agent-1', action: 'approve', sessionId: 's' };
    expect(outcomes([plain, plain, plain])).toEqual([null, null, 'alert']);
    expect(outcomes([1, 2, 3, 4].map((n) => ({ ...plain, metadata: { n } })))).toEqual([null, null, null, null]);
  });
});
