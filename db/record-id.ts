import { hash } from 'node:crypto';

/** Namespace of all record ids, itself a random UUID. */
const NAMESPACE = Buffer.from('6f1c9a3e0d5b4c7a9be2f4a87c10d3e5', 'hex');

/**
 * UUIDv5 (RFC 9562) of the parts. Record ids are derived, never drawn, so that whatever is done twice is recorded once.
 * @example recordId(orgId, 'event', eventId)
 */
export function recordId(...parts: string[]): string {
  const bytes = hash('sha1', Buffer.concat([NAMESPACE, Buffer.from(parts.join('\u0000'))]), 'buffer');
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}
