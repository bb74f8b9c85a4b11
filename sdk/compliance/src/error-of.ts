import {
  MastGuardAuthenticationError,
  MastGuardConflictError,
  MastGuardError,
  MastGuardNotFoundError,
  MastGuardPermissionDeniedError,
  MastGuardRateLimitError,
  MastGuardServerError,
  MastGuardValidationError,
} from './errors.ts';
import type { Problem } from './problem.ts';

/** The error of an answer that is no success. Proxies answer too, so the body may be anything. */
export function errorOf(response: Response, text: string): MastGuardError {
  const { status, headers } = response;
  const problem = problemIn(text);
  const { code, title = `status ${status}`, detail, errors = [] } = problem ?? {};
  const faults = errors.slice(0, 3).map((fault) => `${fault.pointer} ${fault.detail}`);
  const message = [title, detail, ...faults].filter((part) => part !== undefined).join(': ');
  const requestId = headers.get('x-request-id') ?? problem?.requestId;
  return new (classOf(status))(message, { status, code, requestId, headers, problem, retryAfterMs: retryAfterMs(headers) });
}

function classOf(status: number): typeof MastGuardError {
  if (status >= 500) return MastGuardServerError;
  switch (status) {
    case 401:
      return MastGuardAuthenticationError;
    case 403:
      return MastGuardPermissionDeniedError;
    case 404:
      return MastGuardNotFoundError;
    case 400:
    case 413:
    case 415:
    case 422:
      return MastGuardValidationError;
    case 409:
      return MastGuardConflictError;
    case 429:
      return MastGuardRateLimitError;
    default:
      return MastGuardError;
  }
}

function problemIn(text: string): Problem | undefined {
  try {
    const value = JSON.parse(text) as Problem | null;
    return typeof value === 'object' && typeof value?.code === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** RFC 9110: seconds, or a date. `retry-after-ms` is finer where it is sent. */
function retryAfterMs(headers: Headers): number | undefined {
  const fine = headers.get('retry-after-ms');
  const coarse = headers.get('retry-after');
  const ms = fine !== null ? Number(fine) : coarse === null ? NaN : /^\d+$/.test(coarse) ? Number(coarse) * 1_000 : Date.parse(coarse) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}
