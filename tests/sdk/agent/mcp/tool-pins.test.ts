import { changesOf, pinOf } from '../../../../sdk/agent/src/mcp/tool-pins.ts';

test('the pin of a definition does not hang on the order of its members, and on everything else', () => {
  const { sha256 } = pinOf({ name: 'a', inputSchema: { type: 'object', properties: {} } });
  expect(pinOf({ inputSchema: { properties: {}, type: 'object' }, name: 'a' }).sha256).toBe(sha256);
  expect(pinOf({ name: 'a', inputSchema: { type: 'object', properties: {} }, description: '' }).sha256).not.toBe(sha256);
  expect(pinOf({ name: 'a', inputSchema: { type: 'object', properties: {} }, annotations: { readOnlyHint: true } }).sha256).not.toBe(sha256);
});

test('a definition that is no I-JSON has no pin', () => {
  expect(() => pinOf({ name: 'a', description: '\ud800' })).toThrow(RangeError);
});

test('changes are named where they are, with both values', () => {
  expect(changesOf({ a: 1, 'b/c': [1, 2], same: { deep: true } }, { a: 2, 'b/c': [1], same: { deep: true }, added: null })).toEqual([
    { pointer: '/a', before: 1, after: 2 },
    { pointer: '/b~1c/1', before: 2, after: undefined },
    { pointer: '/added', before: undefined, after: null },
  ]);
});
