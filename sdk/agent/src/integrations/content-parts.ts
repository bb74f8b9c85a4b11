import { splitContent } from '../split-content.ts';

/** A text as the contents of events, none for an empty one. */
export const contentParts = (text: string): string[] => (text === '' ? [] : splitContent(text));
