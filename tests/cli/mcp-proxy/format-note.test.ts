import { formatNote } from '../../../cli/mcp-proxy/format-note.ts';

test('nothing of a name or a text reaches the terminal unescaped', () => {
  const hostile = 'a\u001b[2K\r\n\u202Eb\u009b';
  const notes = [
    formatNote({ kind: 'pinned', tool: hostile }, { withValues: true }),
    formatNote({ kind: 'changed', tool: hostile, changes: [{ pointer: hostile, before: hostile, after: hostile }] }, { withValues: false }),
    formatNote({ kind: 'accepted-change', tool: hostile, changes: [{ pointer: hostile, before: hostile, after: { text: hostile } }] }, { withValues: true }),
  ];
  for (const note of notes) expect(note.replaceAll('\n  ', '')).toMatch(/^[\x20-\x7e]*$/);
});

test('what has changed is named, and shown when somebody accepts it', () => {
  const change = { pointer: '/description', before: 'adds', after: 'sends' };
  expect(formatNote({ kind: 'changed', tool: 'sum', changes: [change] }, { withValues: false })).toBe(
    'tool "sum" has changed since it was accepted; calls are held: "/description"',
  );
  expect(formatNote({ kind: 'accepted-change', tool: 'sum', changes: [change] }, { withValues: true })).toBe(
    'tool "sum" has changed, and is accepted as it is now:\n  "/description": "adds" -> "sends"',
  );
});
