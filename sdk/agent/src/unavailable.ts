import { MastGuardConnectionError, MastGuardRateLimitError, MastGuardServerError } from '../../compliance/src/errors.ts';

/** Why MastGuard could not be asked. */
export type UnavailableCause = 'deadline' | 'unreachable' | 'server-error' | 'rate-limited' | 'quota';

/** The cause where an error says that MastGuard cannot answer now; undefined where it answered that the question is wrong. */
export function unavailableCause(error: unknown): UnavailableCause | undefined {
  if (error instanceof MastGuardConnectionError) return error.timeout ? 'deadline' : 'unreachable';
  if (error instanceof MastGuardServerError) return 'server-error';
  if (error instanceof MastGuardRateLimitError) return error.quota ? 'quota' : 'rate-limited';
  return undefined;
}
