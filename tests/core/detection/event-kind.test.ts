import { isAgentStep, isInbound, isPlainAction, isToolCall } from '../../../core/detection/event-kind.ts';
import { detectionContext } from '../../support/detection-context.ts';

const kinds = (event: Parameters<typeof detectionContext>[0]): string[] => {
  const whole = detectionContext(event).event;
  return Object.entries({ isToolCall, isPlainAction, isInbound, isAgentStep })
    .filter(([, is]) => is(whole))
    .map(([name]) => name);
};

describe('event kinds', () => {
  it('tells calls, results, messages and plain actions apart', () => {
    expect(kinds({ tool: { name: 'get_order' } })).toEqual(['isToolCall', 'isAgentStep']);
    expect(kinds({ tool: { name: 'get_order' }, channel: 'tool_result' })).toEqual(['isInbound']);
    expect(kinds({ channel: 'user', content: 'hello' })).toEqual(['isInbound']);
    expect(kinds({ channel: 'agent_message', content: 'hello' })).toEqual(['isAgentStep']);
    expect(kinds({ metadata: { tokens: 3 } })).toEqual(['isPlainAction', 'isAgentStep']);
  });
});
