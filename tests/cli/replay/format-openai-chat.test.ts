import { readOpenAiChatLine } from '../../../cli/replay/format-openai-chat.ts';
import { UnreadableLine } from '../../../cli/replay/recorded-session.ts';

test('a conversation with tool calls becomes events in order, results under the name of their call', () => {
  const recorded = readOpenAiChatLine({
    id: 'conv-1',
    agentId: 'travel-desk',
    messages: [
      { role: 'system', content: 'You book flights.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'To Vienna,' },
          { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
          { type: 'text', text: 'please.' },
        ],
      },
      {
        role: 'assistant',
        content: 'One moment.',
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'search_flights', arguments: '{"to":"VIE"}' } }],
      },
      { role: 'tool', tool_call_id: 'call_1', content: '[]' },
      { role: 'assistant', content: null, function_call: { name: 'get_weather', arguments: '' } },
      { role: 'function', name: 'get_weather', content: 'sunny' },
      { role: 'assistant', content: 'Nothing today.' },
    ],
  });
  const agentId = 'travel-desk';
  expect(recorded).toEqual({
    session: 'conv-1',
    events: [
      { agentId, action: 'system_prompt', channel: 'system', content: 'You book flights.' },
      { agentId, action: 'user_message', channel: 'user', content: 'To Vienna,\nplease.' },
      { agentId, action: 'reply', channel: 'agent_message', content: 'One moment.' },
      { agentId, action: 'search_flights', channel: 'tool_args', tool: { name: 'search_flights', args: { to: 'VIE' } } },
      { agentId, action: 'search_flights', channel: 'tool_result', trust: 'untrusted', tool: { name: 'search_flights' }, content: '[]' },
      { agentId, action: 'get_weather', channel: 'tool_args', tool: { name: 'get_weather', args: {} } },
      { agentId, action: 'get_weather', channel: 'tool_result', trust: 'untrusted', tool: { name: 'get_weather' }, content: 'sunny' },
      { agentId, action: 'reply', channel: 'agent_message', content: 'Nothing today.' },
    ],
  });
});

test('arguments that are no JSON object are kept as text for the detectors', () => {
  const recorded = readOpenAiChatLine({ messages: [{ role: 'assistant', tool_calls: [{ function: { name: 'shell', arguments: 'rm -rf /' } }] }] });
  expect(recorded?.events[0]?.tool).toEqual({ name: 'shell', args: { arguments: 'rm -rf /' } });
});

test('a line without messages is of another format; broken messages are named', () => {
  expect(readOpenAiChatLine({ session: 's', events: [] })).toBeNull();
  expect(() => readOpenAiChatLine({ messages: ['hello'] })).toThrow(new UnreadableLine('messages[0]: must be an object'));
  expect(() => readOpenAiChatLine({ messages: [{ role: 'narrator', content: 'x' }] })).toThrow('role: "narrator"');
  expect(() => readOpenAiChatLine({ messages: [{ role: 'assistant', tool_calls: [{ function: {} }] }] })).toThrow('a call has no name');
  expect(() => readOpenAiChatLine({ messages: [{ role: 'user', content: 'x'.repeat(60_001) }] })).toThrow('messages[0]: content: ');
});
