import type { Response } from 'express';
import type { Principal } from './access/principal.ts';
import type { HttpProblem } from './problem.ts';

/** What is known of one request so far. */
export interface RequestContext {
  requestId: string;
  receivedAtMs: number;
  /** Fires when the client is gone or the server stops. */
  signal: AbortSignal;
  /** Template of the matched route, for logs and metrics; never the path itself. */
  routePath: string | null;
  principal: Principal | null;
  /** Parsed body, once read. */
  body: unknown;
  /** The same as it came. */
  rawBody?: Uint8Array;
  /** Value of the decision, for logs and metrics. */
  decision: string | null;
  /** Set where answers and errors are not written as JSON and problems. */
  writer?: AnswerWriter;
}

/** How the answers of one request are written. */
export interface AnswerWriter {
  contentType: string;
  reply: (body: unknown) => string | Buffer;
  problem: (problem: HttpProblem) => string | Buffer;
}

const contexts = new WeakMap<Response, RequestContext>();

export function openContext(res: Response, context: RequestContext): void {
  contexts.set(res, context);
}

export function contextOf(res: Response): RequestContext {
  const context = contexts.get(res);
  if (context === undefined) throw new Error('the request has no context: request-id has not run');
  return context;
}
