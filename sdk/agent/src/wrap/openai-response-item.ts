import type { Json } from '../../../compliance/src/api-types.ts';
import { argumentsOf, isRecord, type JsonRecord, recordsOf, textOr, textsOf, writtenArguments } from './json-walk.ts';

/** For the caller to do; calls of other types have been done by the provider when they are told. */
const FOR_THE_CALLER = new Set(['function_call', 'custom_tool_call', 'local_shell_call', 'shell_call', 'apply_patch_call', 'computer_call']);

/** What an output item says. */
export function textsOfItem({ type, content, summary }: JsonRecord): string[] {
  const texts = recordsOf(content).flatMap((part) => textsOf(part['text'], part['refusal'], part['transcript']));
  return type === 'reasoning' ? [...recordsOf(summary).flatMap(({ text }) => textsOf(text)), ...texts] : texts;
}

/** The call that an output item is. */
export function callOfItem(item: JsonRecord): { name: string; args: Record<string, Json>; ran: boolean } | undefined {
  const { type, name, arguments: written, input } = item;
  if (typeof type !== 'string' || !type.endsWith('_call')) return undefined;
  const given = [item['action'], item['operation']].find(isRecord);
  const text = textOr(written, undefined) ?? textOr(input, undefined);
  return { name: textOr(name, type.slice(0, -'_call'.length)), args: text === undefined ? (given ?? {}) : argumentsOf(text), ran: !FOR_THE_CALLER.has(type) };
}

/** Puts changed arguments where the item has its own. @returns whether there was anything to change */
export function rewriteItem(item: JsonRecord, args: Record<string, Json> | undefined): boolean {
  if (args === undefined) return false;
  if (typeof item['arguments'] === 'string') item['arguments'] = writtenArguments(args, item['arguments']);
  else if (typeof item['input'] === 'string') item['input'] = writtenArguments(args, item['input']);
  else item[isRecord(item['operation']) ? 'operation' : 'action'] = args;
  return true;
}
