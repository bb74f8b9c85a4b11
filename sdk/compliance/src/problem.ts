/** One fault of a request. */
export interface ProblemDetail {
  /** RFC 6901; the empty string is the whole body. */
  pointer: string;
  detail: string;
  /** What the pointer points into, where that is not the body. */
  in?: 'query' | 'path' | 'header' | undefined;
}

/** The API's errors, RFC 9457. By hand, for `code` is open: a later server has further ones. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  /** Stable, such as `validation-failed` or `quota-exceeded`. */
  code: string;
  detail?: string | undefined;
  instance?: string | undefined;
  requestId: string;
  errors?: ProblemDetail[] | undefined;
  /** Some codes have members of their own. */
  [member: string]: unknown;
}
