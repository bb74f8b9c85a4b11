import type { z } from 'zod';
import type { Scope } from './access.ts';
import type { ErrorCode } from './problem.ts';

/** `public`: nobody is asked who they are. `any`: a key or a session, whatever its scopes. */
export type RouteScope = Scope | 'any' | 'public';

export type ResponseSchema = z.ZodType | null;

export interface RouteDefinition {
  method: 'get' | 'post' | 'put' | 'delete';
  /** As in OpenAPI: `/api/v1/policies/{id}`. */
  path: string;
  scope: RouteScope;
  summary: string;
  tag: string;
  request?: { params?: z.ZodObject; query?: z.ZodObject; headers?: z.ZodObject; body?: z.ZodType; maxBytes?: number };
  /** By status. `null` is a response without a body. The problems every route may answer are added by {@link route}. */
  responses: Record<number, ResponseSchema>;
  /** Waits for a free place before the work begins; see `api/middleware/admission.ts`. */
  admission?: boolean;
  /** Problems beside those that every route of its kind may answer. */
  problems?: readonly ErrorCode[];
  /** The handler's `text` is sent instead of its body to whoever prefers this type. */
  text?: 'text/plain';
  /** The answer goes on: the handler yields events, and the schema of status 200 is that of their `data`; or it yields text as it is sent. */
  stream?: 'text/event-stream' | 'application/x-ndjson';
  /** OTLP/HTTP instead of JSON: protobuf or OTLP's JSON, gzip or not; answers and errors come in the encoding of the request. */
  media?: 'otlp';
}

/** One server-sent event; `data` is sent as JSON. */
export interface StreamEvent {
  event: string;
  id: string;
  data: unknown;
}

/** Bytes of a JSON body where the route does not say. */
export const DEFAULT_MAX_BYTES = 64 * 1024;
export const LARGE_MAX_BYTES = 1024 * 1024;

/**
 * One line of the route table. Router, validation, OpenAPI and tests all read it.
 * @example route({ method: 'get', path: '/api/v1/keys', scope: 'keys:manage', summary: 'List keys', tag: 'Keys', responses: { 200: listOf(ApiKey) } })
 */
export function route<const Definition extends RouteDefinition>(definition: Definition): Definition {
  return definition;
}

type Part<R extends RouteDefinition, Name extends 'params' | 'query' | 'headers' | 'body'> =
  NonNullable<R['request']> extends { [K in Name]: infer Schema extends z.ZodType } ? z.output<Schema> : undefined;

/** What a handler is given: validated, typed from the table. */
export interface RouteInput<R extends RouteDefinition> {
  params: Part<R, 'params'>;
  query: Part<R, 'query'>;
  headers: Part<R, 'headers'>;
  body: Part<R, 'body'>;
}

/** What a handler answers: one of the successful statuses of the table with its body. */
export type RouteReply<R extends RouteDefinition> = {
  [Status in keyof R['responses'] & number]: {
    status: Status;
    body: R['responses'][Status] extends infer Schema extends z.ZodType ? z.input<Schema> : null;
    headers?: Record<string, string | string[]>;
    /** The same as text, on routes that say so. */
    text?: R extends { text: string } ? string : never;
  };
}[keyof R['responses'] & number];
