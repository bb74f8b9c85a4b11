import { createHash } from 'node:crypto';
import type { Sha256 } from '../core/hashing.ts';

/** Lower-case hex, of the text in UTF-8. */
export const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Of bytes: 32 bytes. */
export const sha256: Sha256 = (bytes) => createHash('sha256').update(bytes).digest();
