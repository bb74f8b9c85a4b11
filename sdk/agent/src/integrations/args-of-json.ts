import type { Json } from '../../../compliance/src/api-types.ts';

/** Arguments of a call as a model has written them; what is no JSON stays text. */
export function argsOfJson(text: string): Json {
  try {
    return text.trim() === '' ? {} : (JSON.parse(text) as Json);
  } catch {
    return text;
  }
}
