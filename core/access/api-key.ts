import type { KeyMode } from '../../schemas/key.ts';
import { base62 } from './base62.ts';
import { crc32 } from './crc32.ts';

export interface ParsedApiKey {
  mode: KeyMode;
  /** Public: it names the key in lists, logs and the ledger. */
  id: string;
}

/** For secret scanners. The last six digits are the CRC-32 of all before them, so that a scanner can check a hit offline. */
export const API_KEY_PATTERN = /^mg_(live|test)_([0-9A-Za-z]{8})([0-9A-Za-z]{30})([0-9A-Za-z]{6})$/;

export const KEY_ID_LENGTH = 8;
export const KEY_SECRET_LENGTH = 30;

/** The whole key, checksum included. `secret` holds 178 bits. */
export function formatApiKey({ mode, id, secret }: ParsedApiKey & { secret: string }): string {
  const body = `mg_${mode}_${id}${secret}`;
  return body + checksumOf(body);
}

/** Null for anything that cannot be a key; a mistyped one fails the checksum and costs no look-up. */
export function parseApiKey(text: string): ParsedApiKey | null {
  const match = API_KEY_PATTERN.exec(text);
  const [, mode, id] = match ?? [];
  if (mode === undefined || id === undefined) return null;
  return text.endsWith(checksumOf(text.slice(0, -6))) ? { mode: mode as KeyMode, id } : null;
}

function checksumOf(body: string): string {
  return base62(crc32(body), 6);
}
