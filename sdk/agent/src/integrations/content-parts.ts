import { splitContent } from '../split-content.ts';

/** A text as the contents of events, none for an empty one. Halves of surrogate pairs, which no JSON on the wire may hold, become U+FFFD. */
export const contentParts = (text: string): string[] => (text === '' ? [] : splitContent(text.replace(/\p{Surrogate}/gu, '\uFFFD')));
