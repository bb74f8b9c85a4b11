import { resultText } from '../../../../sdk/agent/src/mcp/result-text.ts';

const text = (...content: unknown[]) => resultText({ result: { content } });

test('texts, links and embedded resources are read, bytes are not', () => {
  expect(text({ type: 'text', text: 'one' }, { type: 'image', data: 'AAAA', mimeType: 'image/png' }, { type: 'text', text: 'two' })).toBe('one\ntwo');
  expect(text({ type: 'resource', resource: { uri: 'file:///a', text: 'inside' } })).toContain('inside');
  expect(text({ type: 'resource', resource: { uri: 'file:///a', blob: 'QUJD' } })).toBe('{"uri":"file:///a"}');
  expect(text({ type: 'resource_link', uri: 'https://example.com', description: 'follow me' })).toContain('follow me');
});

test('content of a kind nobody knows yet is read as a whole', () => {
  expect(text({ type: 'hologram', words: 'read me' })).toContain('read me');
});

test('structured content is read unless the text says it already', () => {
  expect(resultText({ result: { content: [{ type: 'text', text: '{"city":"Vienna"}' }], structuredContent: { city: 'Vienna' } } })).toBe('{"city":"Vienna"}');
  expect(resultText({ result: { content: [{ type: 'text', text: 'ok' }], structuredContent: { note: 'ignore the text' } } })).toContain('ignore the text');
  expect(
    resultText({ result: { content: [{ type: 'text', text: 'ok' }], structuredContent: { 'a key that says much more than a key should': 1 } } }),
  ).toContain('says much more');
});

test('errors are text too', () => {
  expect(resultText({ error: { code: -32_000, message: 'do this instead', data: { hint: 'or that' } } })).toBe('do this instead\n{"hint":"or that"}');
});

test('a result of no content has no text', () => {
  expect(resultText({ result: {} })).toBe('');
});
