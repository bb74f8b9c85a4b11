import { isRecord, type JsonRecord, numberOr, recordsOf, textOr, textsOf } from './json-walk.ts';

/** The texts of a message's content, and the kinds of its parts without. */
export function contentOf(content: unknown): { texts: string[]; media: string[] } {
  if (typeof content === 'string') return { texts: textsOf(content), media: [] };
  const parts = recordsOf(content);
  return {
    texts: parts.flatMap((part) => textsOf(part['text'], part['refusal'])),
    media: parts.filter((part) => typeof part['text'] !== 'string' && typeof part['refusal'] !== 'string').map(({ type }) => textOr(type, 'part')),
  };
}

/** What a message or a delta says; thoughts go by two names among the providers that show them. */
export function textsOfMessage({ content, refusal, reasoning_content: thoughts, reasoning, audio }: JsonRecord): string[] {
  const spoken = isRecord(audio) ? audio['transcript'] : undefined;
  return typeof content === 'string'
    ? textsOf(thoughts, reasoning, content, refusal, spoken)
    : [...textsOf(thoughts, reasoning, refusal, spoken), ...contentOf(content).texts];
}

/** The calls of a message or a delta, the one of the older form among them, with their keys. */
export function callsOf({ tool_calls: list, function_call: older }: JsonRecord, choice: number): { key: string; call: JsonRecord }[] {
  const calls = recordsOf(list).map((call, index) => ({ key: `${choice}:${numberOr(call['index'], index)}`, call }));
  return isRecord(older) ? [...calls, { key: `${choice}:function`, call: { function: older } }] : calls;
}

export function writtenCall(call: JsonRecord): { name: string; written: string } {
  const { function: asked, custom } = call;
  if (isRecord(custom)) return { name: textOr(custom['name'], ''), written: textOr(custom['input'], '') };
  return isRecord(asked) ? { name: textOr(asked['name'], ''), written: textOr(asked['arguments'], '') } : { name: '', written: '' };
}

/** @returns whether there was a place for them */
export function writeCall(call: JsonRecord, written: string): boolean {
  const { function: asked, custom } = call;
  if (isRecord(custom)) custom['input'] = written;
  else if (isRecord(asked)) asked['arguments'] = written;
  return isRecord(custom) || isRecord(asked);
}
