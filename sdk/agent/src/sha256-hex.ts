import { sha256 } from '../../compliance/src/sha256.ts';

const encoder = new TextEncoder();

/** Of the UTF-8 of a text, in lower-case hex. */
export const sha256Hex = (text: string): string => Array.from(sha256(encoder.encode(text)), (byte) => byte.toString(16).padStart(2, '0')).join('');
