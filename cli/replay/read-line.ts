import type { Json } from '../../schemas/json.ts';
import { readMastguardLine } from './format-mastguard.ts';
import { readOpenAiChatLine } from './format-openai-chat.ts';
import { readSessionsLine } from './format-sessions.ts';
import type { LineFormat, RecordedSession } from './recorded-session.ts';
import { UnreadableLine } from './recorded-session.ts';

export const FORMATS = { mastguard: readMastguardLine, sessions: readSessionsLine, 'openai-chat': readOpenAiChatLine } as const satisfies Record<
  string,
  LineFormat
>;
export type FormatName = keyof typeof FORMATS | 'auto';

/** One line of a recording in a named format; `auto` takes the format that each line fits. */
export function readLine(text: string, format: FormatName): RecordedSession {
  const line = parse(text);
  for (const read of format === 'auto' ? Object.values(FORMATS) : [FORMATS[format]]) {
    const recorded = read(line);
    if (recorded !== null) return recorded;
  }
  throw new UnreadableLine(format === 'auto' ? `is of none of the formats ${Object.keys(FORMATS).join(', ')}` : `is not of the format ${format}`);
}

function parse(text: string): { [key: string]: Json } {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw new UnreadableLine('is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new UnreadableLine('is not a JSON object');
  return value;
}
