import { z } from 'zod';

/** Every error the API answers. A code never changes its meaning or its status; new ones may be added. */
export const ERRORS = {
  'malformed-json': { status: 400, title: 'The body is not JSON', help: 'Send one JSON text in UTF-8.' },
  'malformed-otlp': { status: 400, title: 'The body is not an OTLP message', help: 'Send an `ExportTraceServiceRequest` in protobuf or in OTLP JSON.' },
  unauthenticated: {
    status: 401,
    title: 'Not authenticated',
    help: 'Send a valid key in `X-API-Key`, or sign in. Unknown, revoked, expired and misspelt keys get the same answer.',
  },
  'missing-scope': { status: 403, title: 'Scope missing', help: 'The key or the role does not hold the scope that the route names. `scope` says which.' },
  'not-permitted': { status: 403, title: 'Not permitted', help: 'The scope is there, but this person or key may not do this.' },
  'not-found': { status: 404, title: 'Not found', help: 'There is no such resource in your organisation.' },
  'method-not-allowed': { status: 405, title: 'Method not allowed', help: 'The `Allow` header lists the methods of this path.' },
  conflict: { status: 409, title: 'Conflict', help: 'The state of the resource does not allow this.' },
  'review-decided': {
    status: 409,
    title: 'Review is decided',
    help: 'Somebody else, or the clock, was first. `reviewStatus`, `decidedBy` and `decidedAt` tell the outcome.',
  },
  'alert-handled': {
    status: 409,
    title: 'Alert is handled',
    help: 'Somebody else was first. `alertStatus`, `handledBy` and `handledAt` tell what was made of it.',
  },
  'not-yet-signed': {
    status: 409,
    title: 'Not yet signed',
    help: 'No checkpoint speaks of these entries yet. One is signed within seconds: try again as `Retry-After` says.',
  },
  'erasure-refused': {
    status: 409,
    title: 'Erasure refused',
    help: 'Nothing was erased; the refusal is on record. `refusal` says why: legal-hold (named by `holds`), no-legal-ground, kept-for-another or nothing-held.',
  },
  'approval-refused': {
    status: 409,
    title: 'Approval refused',
    help: 'Do not act. `refusal` says why: pending, rejected, expired, digest_mismatch, already_consumed, policy_changed, agent_stopped, withdrawn or erased.',
  },
  'payload-too-large': {
    status: 413,
    title: 'Payload too large',
    help: 'An event is 64 KiB at most, a batch 1 MiB, an OTLP request 4 MiB and 8 MiB decompressed.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'Unsupported media type',
    help: 'Send `Content-Type: application/json`, not compressed; to the OTLP intake also `application/x-protobuf`, and gzip if you like.',
  },
  'not-i-json': {
    status: 422,
    title: 'JSON outside I-JSON',
    help: 'Repeated members, lone surrogates, integers beyond 2^53 - 1 and deep nesting are refused (RFC 7493). The refusal is recorded in the ledger.',
  },
  'validation-failed': { status: 422, title: 'Validation failed', help: '`errors` lists every fault with its RFC 6901 pointer.' },
  'id-reused': { status: 422, title: 'Id reused', help: 'This id stands for an event with another body. Send a new id.' },
  'policy-invalid': { status: 422, title: 'Policy is invalid', help: '`errors` lists every rule at fault.' },
  'rate-limited': { status: 429, title: 'Too many requests', help: 'Wait as long as `Retry-After` says.' },
  'quota-exceeded': { status: 429, title: 'Quota exceeded', help: "The plan's events of this month are used up." },
  internal: { status: 500, title: 'Internal error', help: 'Our fault. Quote `requestId` when you report it.' },
  'decision-unavailable': {
    status: 503,
    title: 'Decision unavailable',
    help: 'No decision was recorded, or it is not known to be. Retry with the same id: it attaches to the first try.',
  },
} as const satisfies Record<string, { status: number; title: string; help: string }>;

export type ErrorCode = keyof typeof ERRORS;
export const ERROR_CODES = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];

export const ProblemDetail = z.strictObject({
  pointer: z.string().meta({ description: 'RFC 6901 pointer; the empty string is the whole body.', example: '/agentId' }),
  detail: z.string(),
  in: z.enum(['query', 'path', 'header']).optional().meta({ description: 'What the pointer points into, where that is not the body.' }),
});
export type ProblemDetail = z.infer<typeof ProblemDetail>;

export const Problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int().min(400).max(599),
    code: z.enum(ERROR_CODES),
    detail: z.string().optional(),
    instance: z.string().optional(),
    requestId: z.string(),
    errors: z.array(ProblemDetail).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457. `code` is stable; some codes carry members of their own.' });
export type Problem = z.infer<typeof Problem>;
