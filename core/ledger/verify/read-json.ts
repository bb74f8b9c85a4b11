import type { Json } from '../../../schemas/json.ts';

export type JsonMembers = { [name: string]: Json };

const MAX_DEPTH = 100;

/** The value of a JSON text; undefined where it is none, or is nested deeper than 100 levels. */
export function readJson(text: string): Json | undefined {
  // So many levels need two characters each.
  if (text.length > 2 * MAX_DEPTH && isTooDeep(text)) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** The object on a line, which has nothing around it. */
export function readObject(line: string | undefined): JsonMembers | undefined {
  if (line?.startsWith('{') !== true || !line.endsWith('}')) return undefined;
  const value = readJson(line);
  return value !== undefined && isObject(value) ? value : undefined;
}

export const isObject = (value: Json | undefined): value is JsonMembers => typeof value === 'object' && value !== null && !Array.isArray(value);

export const isWhole = (value: Json | undefined): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

export const isHash = (value: Json | undefined): value is string => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);

export const isUuid = (value: Json | undefined): value is string =>
  typeof value === 'string' && /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(value);

/** Most texts do not have that many brackets at all; only where they do is it asked which of them are inside of strings. */
const isTooDeep = (text: string): boolean => countUpTo(text, '{', MAX_DEPTH) + countUpTo(text, '[', MAX_DEPTH) > MAX_DEPTH && depthOf(text) > MAX_DEPTH;

/** Goes from one to the next, which is faster than to look at every character. */
function countUpTo(text: string, character: string, most: number): number {
  let count = 0;
  for (let at = text.indexOf(character); at >= 0 && count <= most; at = text.indexOf(character, at + 1)) count += 1;
  return count;
}

function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (inString) {
      if (character === '\\') at += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') deepest = Math.max(deepest, (depth += 1));
    else if (character === '}' || character === ']') depth -= 1;
  }
  return deepest;
}
