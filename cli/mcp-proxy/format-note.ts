import type { ProxyNote } from '../../sdk/agent/src/mcp/mcp-proxy.ts';

/** One line, or one for each change. Names and texts come from a server that may be hostile: nothing of them reaches the terminal unescaped. */
export function formatNote(note: ProxyNote, { withValues }: { withValues: boolean }): string {
  switch (note.kind) {
    case 'pinned':
      return `tool ${quote(note.tool)} is accepted as it is listed now`;
    case 'withheld':
      return `tool ${quote(note.tool)} is withheld: its description has not passed`;
    case 'held':
      return `a call of ${quote(note.tool)} waits for people: ${quote(note.url)}`;
    case 'fault':
      return `fault: ${quote(note.code)}`;
    case 'changed':
    case 'accepted-change': {
      const what = note.kind === 'changed' ? 'has changed since it was accepted; calls are held' : 'has changed, and is accepted as it is now';
      const changes = note.changes.map(({ pointer, before, after }) =>
        withValues ? `\n  ${quote(pointer)}: ${quote(before)} -> ${quote(after)}` : ` ${quote(pointer)}`,
      );
      return `tool ${quote(note.tool)} ${what}:${changes.join(withValues ? '' : ',')}`;
    }
  }
}

const quote = (value: unknown): string =>
  (JSON.stringify(value) ?? 'nothing').replaceAll(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
