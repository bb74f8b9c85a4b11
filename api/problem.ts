import { ERRORS } from '../schemas/problem.ts';
import type { ErrorCode, Problem, ProblemDetail } from '../schemas/problem.ts';

export interface ProblemOptions {
  detail?: string;
  errors?: ProblemDetail[];
  headers?: Record<string, string>;
  /** Members of this code's own. */
  extras?: Record<string, unknown>;
  cause?: unknown;
}

/** Thrown by routes and middleware; the error handler writes it. Everything in it but `cause` is for the caller's eyes. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly code: ErrorCode;
  readonly status: number;
  readonly options: ProblemOptions;

  constructor(code: ErrorCode, options: ProblemOptions = {}) {
    super(options.detail ?? ERRORS[code].title, { cause: options.cause });
    this.code = code;
    this.status = ERRORS[code].status;
    this.options = options;
  }
}

export function problemBody({ code, options }: HttpProblem, { publicUrl, requestId }: { publicUrl: string; requestId: string }): Problem {
  const { status, title } = ERRORS[code];
  return {
    type: `${publicUrl}/errors/${code}`,
    title,
    status,
    code,
    ...(options.detail === undefined ? {} : { detail: options.detail }),
    ...(options.errors === undefined ? {} : { errors: options.errors }),
    ...options.extras,
    requestId,
  };
}

/** `Retry-After` in whole seconds, at least one. */
export function retryAfter(waitMs: number): Record<string, string> {
  return { 'Retry-After': String(Math.max(1, Math.ceil(waitMs / 1_000))) };
}
