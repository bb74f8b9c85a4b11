/** Id of the destructive SQL or shell statement in the text, or null. `anchored`: only where the text starts with it, for text that may be prose. */
export function destructiveStatement(text: string, { anchored }: { anchored: boolean }): string | null {
  // The shortest statement is `halt`; an event holds thousands of shorter texts, and they would cost the most.
  if (text.length < 4) return null;
  const statement = text.slice(0, 16_384).toLowerCase();
  for (const { id, pattern, shell } of STATEMENTS) {
    const at = statement.search(pattern);
    if (at < 0) continue;
    if (!anchored || (!shell && statement.slice(0, at).trim() === '')) return id;
  }
  for (const { 0: clause } of statement.matchAll(ROWS)) {
    if (anchored && !statement.trimStart().startsWith(clause)) break;
    // Without a condition, or with one that is always true, every row goes.
    const condition = /\bwhere\b([^;]{0,400})/.exec(clause)?.[1];
    const isWhole = condition === undefined && (!clause.startsWith('delete') || WHOLE_DELETE.test(clause));
    if (isWhole || (condition !== undefined && ALWAYS_TRUE.test(condition))) return clause.startsWith('delete') ? 'sql.delete-all' : 'sql.update-all';
  }
  return null;
}

const ROWS = /\b(?:delete\s{1,8}from\s{1,8}[\w."`[\]]{1,128}|update\s{1,8}[\w."`[\]]{1,128}\s{1,8}set\s{1,8}[\w"`.]{1,64}\s{0,4}=)[^;]{0,2000}/g;
/** The statement ends at the table's name; "delete from your list that …" is a sentence. */
const WHOLE_DELETE = /^delete\s{1,8}from\s{1,8}[\w."`[\]]{1,128}\s{0,8}(?:$|--|\/\*|\n|returning\b|limit\b|using\b)/;
const ALWAYS_TRUE =
  /^\s{0,8}(?:\(\s{0,4})?(?:(\d{1,6})\s{0,4}=\s{0,4}\1(?!\d)|'(\w{0,20})'\s{0,4}=\s{0,4}'\2'|true|not\s{1,4}false|1)\s{0,8}\)?\s{0,8}$|\bor\s{1,8}(?:(\d{1,6})\s{0,4}=\s{0,4}\3(?!\d)|'(\w{0,20})'\s{0,4}=\s{0,4}'\4|true\b)/;

const STATEMENTS: readonly { id: string; pattern: RegExp; shell: boolean }[] = [
  {
    id: 'sql.drop',
    pattern:
      /\bdrop\s{1,8}(?:table|database|schema|view|index|role|user|tablespace|collection)\s{1,8}(?:if\s{1,8}exists\s{1,8})?[\w."`[\]]{1,128}\s{0,8}(?:$|[;,)\n]|--|cascade|restrict)/,
    shell: false,
  },
  { id: 'sql.truncate', pattern: /\btruncate\s{1,8}(?:table\s{1,8})?["`[]?[a-z_][\w.]{0,100}["`\]]?\s{0,8}(?:;|$|cascade|restart)/, shell: false },
  { id: 'sql.alter-drop', pattern: /\balter\s{1,8}table\s{1,8}[\w."`]{1,128}\s{1,8}drop\s{1,8}(?:column|constraint|partition)?/, shell: false },
  { id: 'mongo.drop', pattern: /\bdb\.(?:\w{1,64}\.)?(?:drop|dropdatabase)\(\s{0,4}\)|\.(?:deletemany|remove)\(\s{0,4}\{\s{0,4}\}\s{0,4}\)/, shell: false },
  { id: 'redis.flush', pattern: /^\s{0,8}flush(?:all|db)\b/, shell: false },
  { id: 'shell.remove', pattern: /\brm\s{1,8}(?:-[a-z]{0,6}[rf][a-z]{0,6}|--recursive|--force)\b/, shell: true },
  {
    id: 'shell.disk',
    pattern: /\b(?:mkfs(?:\.\w{2,8})?|wipefs|shred|fdisk|parted)\s{1,8}[^\n]{0,60}\/dev\/|\bdd\b[^\n]{0,120}\bof=\/dev\/|\bformat\s{1,4}[a-z]:/,
    shell: true,
  },
  { id: 'shell.power', pattern: /(?:^|[;&|]\s{0,4}|sudo )(?:shutdown|poweroff|halt|reboot)\b/, shell: true },
  { id: 'shell.find-delete', pattern: /\bfind\b[^\n|;]{0,200}\s(?:-delete\b|-exec\s{1,4}rm\b)/, shell: true },
  {
    id: 'shell.remove-windows',
    pattern: /\b(?:del|erase)\s{1,4}(?:\/[a-z]\s{1,4}){1,4}|\brd\s{1,4}\/s\b|\bremove-item\b[^\n]{0,120}-recurse\b|\bvssadmin\s{1,4}delete\b/,
    shell: true,
  },
  {
    id: 'infra.destroy',
    pattern:
      /\bterraform\s{1,4}(?:[^\n;]{0,60}\s)?destroy\b|\bkubectl\s{1,4}(?:[^\n;]{0,60}\s)?delete\b|\bhelm\s{1,4}(?:uninstall|delete)\b|\baws\s{1,4}[^\n;]{0,80}\s(?:delete|terminate)-|\baws\s{1,4}s3\s{1,4}(?:rb|rm)\b|\bgcloud\s{1,4}[^\n;]{0,80}\sdelete\b|\bdropdb\s/,
    shell: true,
  },
  {
    id: 'git.destroy',
    pattern:
      /\bgit\s{1,4}push\b[^\n;]{0,120}(?:--force(?!-with-lease)|\s-f\b|--mirror|--delete)|\bgit\s{1,4}reset\s{1,4}--hard\b|\bgit\s{1,4}clean\s{1,4}-[a-z]{0,4}f/,
    shell: true,
  },
];
