import { findIJsonViolation } from '../../../../core/json/i-json.ts';
import type { Json } from '../../../compliance/src/api-types.ts';

export type JsonRecord = Record<string, unknown>;

export const isRecord = (value: unknown): value is JsonRecord => typeof value === 'object' && value !== null && !Array.isArray(value);

const NONE: JsonRecord[] = [];

/** The objects of a list; none where it is no list. */
export const recordsOf = (value: unknown): readonly JsonRecord[] => (Array.isArray(value) ? value.filter(isRecord) : NONE);

export const textOr = <Fallback>(value: unknown, fallback: Fallback): string | Fallback => (typeof value === 'string' ? value : fallback);

export const numberOr = <Fallback>(value: unknown, fallback: Fallback): number | Fallback => (typeof value === 'number' ? value : fallback);

/** The texts among what may be texts. */
export function textsOf(...values: unknown[]): string[] {
  const texts: string[] = [];
  for (const value of values) if (typeof value === 'string' && value !== '') texts.push(value);
  return texts;
}

export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Arguments as the model wrote them: an object, or their text under `text` where they are none or no I-JSON (RFC 7493). */
export function argumentsOf(written: string): Record<string, Json> {
  if (written.trim() === '') return {};
  const parsed = findIJsonViolation(written) === null ? parsedJson(written) : undefined;
  return isRecord(parsed) ? parsed : { text: written };
}

/** The other way round. */
export function writtenArguments(args: Record<string, Json>, written: string): string {
  const asText = !isRecord(parsedJson(written)) && Object.keys(args).length === 1 ? args['text'] : undefined;
  return typeof asText === 'string' ? asText : JSON.stringify(args);
}

/** Members that may hold bytes instead of text. */
const BYTES = new Set(['audio', 'b64_json', 'data', 'embedding', 'encrypted_content', 'file_data', 'image', 'mask', 'signature']);

/** Members that say what something is rather than anything. */
const NAMES = new Set(['encoding_format', 'format', 'id', 'model', 'object', 'role', 'status', 'type']);

const isEncoded = (name: string, text: string): boolean =>
  /^data:[\w.+/-]*;base64,/.test(text) || (BYTES.has(name) && text.length >= 256 && /^[A-Za-z0-9+/_-]+={0,2}$/.test(text));

/** All texts of a JSON value, in its order, and whether there was anything encoded among them, such as an image. */
export function stringsOf(value: unknown): { texts: string[]; encoded: boolean } {
  const found = { texts: [] as string[], encoded: false };
  const waiting: { name: string; value: unknown }[] = [{ name: '', value }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { name } = next;
    if (typeof next.value === 'string') {
      if (isEncoded(name, next.value)) found.encoded = true;
      else if (next.value !== '' && !NAMES.has(name)) found.texts.push(next.value);
      continue;
    }
    const members = Array.isArray(next.value)
      ? next.value.map((item): [string, unknown] => [name, item])
      : isRecord(next.value)
        ? Object.entries(next.value)
        : [];
    waiting.push(...members.map((member) => ({ name: member[0], value: member[1] })).toReversed());
  }
  return found;
}

/** The one number, or the sum of those there are. */
export function tokensOf(usage: unknown): number | undefined {
  if (!isRecord(usage)) return undefined;
  if (typeof usage['total_tokens'] === 'number') return usage['total_tokens'];
  const parts = ['prompt_tokens', 'completion_tokens', 'input_tokens', 'output_tokens'].map((name) => usage[name]).filter((part) => typeof part === 'number');
  return parts.length === 0 ? undefined : parts.reduce((sum, part) => sum + part, 0);
}
