import { createHash } from 'node:crypto';

/** Lower-case hex, of the text in UTF-8. */
export const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');
