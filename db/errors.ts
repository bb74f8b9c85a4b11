/** Driver codes for a connection that could not be made or broke. */
const CONNECTION_CODES = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'CONNECTION_CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
]);

/** True when PostgreSQL could not be reached or gave up on us, so that the same statement may succeed later. */
export function isDatabaseAway(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== 'string') return false;
  // Classes 08 connection, 53 out of resources (disk full included), 57 operator intervention, 58 system error.
  return CONNECTION_CODES.has(code) || /^(?:08|53|57|58)/.test(code) || code === '25006' || code === '40001' || code === '40P01';
}
