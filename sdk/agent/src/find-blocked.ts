import { MastGuardBlockedError } from './blocked-error.ts';

const MAX_DEPTH = 16;

/**
 * The block behind an error. Helpers of model clients, such as `stream()` and `runTools()`, wrap what is thrown into errors of their own: the
 * block is then a `cause` of theirs, or one of several `errors`.
 * @returns undefined where the error has another reason
 */
export function findBlocked(error: unknown): MastGuardBlockedError | undefined {
  return search(error, new Set());
}

function search(error: unknown, seen: Set<unknown>): MastGuardBlockedError | undefined {
  if (error instanceof MastGuardBlockedError) return error;
  if (typeof error !== 'object' || error === null || seen.has(error) || seen.size >= MAX_DEPTH) return undefined;
  seen.add(error);
  const { cause, error: inner, errors } = error as { cause?: unknown; error?: unknown; errors?: unknown };
  for (const next of [cause, inner, ...(Array.isArray(errors) ? (errors as unknown[]) : [])]) {
    const found = search(next, seen);
    if (found !== undefined) return found;
  }
  return undefined;
}
