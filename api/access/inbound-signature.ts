import { createHmac, timingSafeEqual } from 'node:crypto';

export interface SignedRequest {
  id: string;
  /** Seconds since 1970, as it was sent. */
  timestamp: string;
  /** `v1,<base64>`, several with blanks between them. */
  signature: string;
  /** As it came, byte for byte. */
  body: Uint8Array;
}

/** How far a sender's clock may be off, and how old a message may be. */
const TOLERANCE_MS = 5 * 60_000;
const MAX_SIGNATURES = 16;

/** Whether the time of a message is near enough to now. */
export function isTimely(timestamp: string, nowMs: number): boolean {
  return /^\d{1,12}$/.test(timestamp) && Math.abs(Number(timestamp) * 1_000 - nowMs) <= TOLERANCE_MS;
}

/** Which secret (`whsec_` and base64) has signed a message as Standard Webhooks says; -1 for none. Takes as long whichever it is. */
export function signerOf({ id, timestamp, signature, body }: SignedRequest, secrets: readonly string[]): number {
  const given = signature
    .split(' ')
    .slice(0, MAX_SIGNATURES)
    .flatMap((each) => (each.startsWith('v1,') ? [Buffer.from(each.slice(3), 'base64')] : []));
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  let found = -1;
  for (const [index, secret] of secrets.entries()) {
    const mac = createHmac('sha256', Buffer.from(secret.replace(/^whsec_/, ''), 'base64'))
      .update(signed)
      .digest();
    for (const each of given) if (each.length === mac.length && timingSafeEqual(each, mac) && found < 0) found = index;
  }
  return found;
}
