import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits for the cookie. Only the hash is stored. */
export function mintSessionToken(): { token: string; hash: Buffer } {
  const token = randomBytes(32).toString('base64url');
  return { token, hash: sessionTokenHash(token) };
}

export function sessionTokenHash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Shape of a token; anything else is no session and costs no look-up. */
export const SESSION_TOKEN_PATTERN = /^[A-Za-z0-9_-]{43}$/;
