import type { Problem, ProblemDetail } from './problem.ts';

/** One symbol for every copy of this package in a process: the ESM one, the CommonJS one, and one bundled into something else. */
const BRAND = Symbol.for('@auxdynamics/mastguard-sdk/error');

export interface ErrorDetails {
  /** HTTP status; undefined where there was no answer. */
  status?: number | undefined;
  /** Stable: the `code` of the API's problem, or one of this package (`timeout`, `unreachable`, `bad-signature`, …). */
  code?: string | undefined;
  /** `X-Request-Id`: quote it when you report a fault. */
  requestId?: string | undefined;
  headers?: Headers | undefined;
  /** The whole RFC 9457 body; some codes have members of their own, such as `refusal`. */
  problem?: Problem | undefined;
  /** Of the `Retry-After` of the answer. */
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

/** What every error of this package is. `instanceof` holds across copies of the package. */
export class MastGuardError extends Error {
  static readonly kind: string = 'MastGuardError';
  readonly status: number | undefined;
  readonly code: string;
  readonly requestId: string | undefined;
  /** Of the answer. */
  declare readonly headers: Headers | undefined;
  readonly problem: Problem | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, { status, code, requestId, headers, problem, retryAfterMs, cause }: ErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    const { kind } = new.target;
    // Names are for minified code too, so they do not come from the class; brand and headers stay out of what is logged.
    Object.defineProperties(this, { name: { value: kind }, [BRAND]: { value: kind }, headers: { value: headers } });
    this.status = status;
    this.code = code ?? (status === undefined ? 'error' : `http-${status}`);
    this.requestId = requestId;
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // A class that somebody derives from one of ours is told by its prototype, as usual.
    if (!Object.hasOwn(this, 'kind')) return super[Symbol.hasInstance](value);
    const kind: unknown = typeof value === 'object' && value !== null ? (value as { [BRAND]?: unknown })[BRAND] : undefined;
    return typeof kind === 'string' && (kind === this.kind || this.kind === 'MastGuardError');
  }
}

/** 401: the key is unknown, revoked, expired or misspelt. */
export class MastGuardAuthenticationError extends MastGuardError {
  static override readonly kind: string = 'MastGuardAuthenticationError';
}

/** 403: the scope is missing (`missing-scope`), or the person or key may not do this (`not-permitted`). */
export class MastGuardPermissionDeniedError extends MastGuardError {
  static override readonly kind: string = 'MastGuardPermissionDeniedError';
}

/** 404: there is no such resource in the organisation. */
export class MastGuardNotFoundError extends MastGuardError {
  static override readonly kind: string = 'MastGuardNotFoundError';
}

/** 400, 413, 415 and 422: the request is at fault, and sending it again changes nothing. */
export class MastGuardValidationError extends MastGuardError {
  static override readonly kind: string = 'MastGuardValidationError';

  /** Every fault with its RFC 6901 pointer. */
  get errors(): readonly ProblemDetail[] {
    return this.problem?.errors ?? [];
  }
}

/** 409: the state of the resource does not allow it, such as a review that is decided or an approval that is not to be used. */
export class MastGuardConflictError extends MastGuardError {
  static override readonly kind: string = 'MastGuardConflictError';

  /** Why an approval or a decision was refused: `pending`, `rejected`, `expired`, `digest_mismatch`, … */
  get refusal(): string | undefined {
    const refusal = this.problem?.['refusal'];
    return typeof refusal === 'string' ? refusal : undefined;
  }
}

/** 429: too fast, or the events of the month are used up. */
export class MastGuardRateLimitError extends MastGuardError {
  static override readonly kind: string = 'MastGuardRateLimitError';

  /** The plan's events are used up: waiting a moment does not help. */
  get quota(): boolean {
    return this.code === 'quota-exceeded';
  }
}

/** 5xx: no decision was made, or it is not known to be. */
export class MastGuardServerError extends MastGuardError {
  static override readonly kind: string = 'MastGuardServerError';
}

/** No answer, or none of the API's: see `cause` and `code` (`unreachable`, `timeout`, `redirected`, `not-json`). */
export class MastGuardConnectionError extends MastGuardError {
  static override readonly kind: string = 'MastGuardConnectionError';

  get timeout(): boolean {
    return this.code === 'timeout';
  }
}

/** A webhook is not to be believed: see `code` (`no-signature`, `bad-signature`, `stale-timestamp`, `malformed-body`, `no-secret`). */
export class MastGuardWebhookVerificationError extends MastGuardError {
  static override readonly kind: string = 'MastGuardWebhookVerificationError';
}
