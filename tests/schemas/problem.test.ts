import { ERRORS, ERROR_CODES } from '../../schemas/problem.ts';

/** What callers already rely on. A line here is never changed; new codes get new lines. */
const PUBLISHED = {
  'malformed-json': 400,
  'malformed-otlp': 400,
  unauthenticated: 401,
  'missing-scope': 403,
  'not-permitted': 403,
  'not-found': 404,
  'method-not-allowed': 405,
  conflict: 409,
  'review-decided': 409,
  'approval-refused': 409,
  'erasure-refused': 409,
  'alert-handled': 409,
  'not-yet-signed': 409,
  'payload-too-large': 413,
  'unsupported-media-type': 415,
  'not-i-json': 422,
  'validation-failed': 422,
  'id-reused': 422,
  'policy-invalid': 422,
  'rate-limited': 429,
  'quota-exceeded': 429,
  internal: 500,
  'decision-unavailable': 503,
};

describe('error codes', () => {
  it('keep their statuses', () => {
    expect(Object.fromEntries(ERROR_CODES.map((code) => [code, ERRORS[code].status]))).toEqual(PUBLISHED);
  });

  it('have titles and explanations of their own', () => {
    expect(new Set(ERROR_CODES.map((code) => ERRORS[code].title)).size).toBe(ERROR_CODES.length);
    expect(ERROR_CODES.filter((code) => ERRORS[code].help.length < 10)).toEqual([]);
  });
});
