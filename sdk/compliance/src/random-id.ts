/** Unique, and within the alphabet of event and request ids. It is no secret, so the fallback of Node 18, which has no global `crypto`, is good enough. */
export function randomId(prefix: string): string {
  const { crypto } = globalThis as { crypto?: { randomUUID?: () => string } };
  return prefix + (crypto?.randomUUID?.().replaceAll('-', '') ?? Array.from({ length: 4 }, randomWord).join(''));
}

/** Eight hex digits. */
function randomWord(): string {
  return Math.floor(Math.random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');
}
