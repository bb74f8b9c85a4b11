import { Router } from 'express';
import type { Request, RequestHandler, Response } from 'express';
import { DEFAULT_MAX_BYTES } from '../schemas/route.ts';
import type { RouteDefinition, RouteInput, StreamEvent } from '../schemas/route.ts';
import { ROUTES } from '../schemas/routes.ts';
import type { RouteName } from '../schemas/routes.ts';
import { contextOf } from './context.ts';
import { sendEventStream } from './event-stream.ts';
import type { AuthenticatedFacts, Handlers } from './handler.ts';
import type { ApiMetrics } from './metrics.ts';
import type { Admission } from './middleware/admission.ts';
import { authorise } from './middleware/authorise.ts';
import { jsonBody } from './middleware/json-body.ts';
import type { JsonBodyOptions } from './middleware/json-body.ts';
import { otlpAnswers, otlpBody } from './middleware/otlp-body.ts';
import { sameOrigin } from './middleware/same-origin.ts';
import { validatedInput } from './middleware/validate.ts';
import { HttpProblem } from './problem.ts';
import { sendTextStream } from './text-stream.ts';

export interface RouterOptions {
  handlers: Handlers;
  authenticate: RequestHandler;
  rateLimit: RequestHandler;
  admission: Admission;
  recordRefusal: JsonBodyOptions['recordRefusal'];
  publicOrigin: string;
  metrics: ApiMetrics;
}

/** What every handler looks like once its types are left behind. */
type AnyHandler = (
  input: RouteInput<RouteDefinition>,
  request: AuthenticatedFacts,
) => Promise<{ status: number; body: unknown; headers?: Record<string, string | string[]>; text?: string }>;

type AnyStreamHandler<Item> = (input: RouteInput<RouteDefinition>, request: AuthenticatedFacts) => AsyncIterable<Item>;

/** Serves the route table: the chain of each route is read from its line there. */
export function apiRouter(options: RouterOptions): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const routes = Object.entries(ROUTES) as [RouteName, RouteDefinition][];
  for (const [name, route] of routes) {
    const handler: unknown = options.handlers[name];
    const answer = answerOf(route, handler, options);
    router[route.method](expressPath(route.path), ...chainOf(route, options), answer);
  }
  for (const path of new Set(routes.map(([, route]) => route.path))) router.all(expressPath(path), refuseMethod(path, routes));
  return router;
}

function chainOf(route: RouteDefinition, { authenticate, rateLimit, recordRefusal, publicOrigin }: RouterOptions): RequestHandler[] {
  const isPublic = route.scope === 'public';
  return [
    noteRoute(route.path),
    ...(route.media === 'otlp' ? [otlpAnswers()] : []),
    ...(isPublic ? [] : [authenticate, rateLimit]),
    sameOrigin({ publicOrigin, signIn: isPublic }),
    authorise(route.scope),
    ...bodyReaderOf(route, recordRefusal),
  ];
}

function bodyReaderOf({ request, media }: RouteDefinition, recordRefusal: JsonBodyOptions['recordRefusal']): RequestHandler[] {
  if (request?.body === undefined) return [];
  const { maxBytes = DEFAULT_MAX_BYTES } = request;
  return [media === 'otlp' ? otlpBody({ maxBytes }) : jsonBody({ maxBytes, recordRefusal })];
}

function answerOf(route: RouteDefinition, handler: unknown, options: RouterOptions): RequestHandler {
  if (route.stream === undefined) return respond(route, handler as AnyHandler, options);
  return route.stream === 'text/event-stream'
    ? respondWithStream(route, handler as AnyStreamHandler<StreamEvent>, options, ({ res, first, items, cut, stillPermitted }) =>
        sendEventStream({ res, first, events: items, cut, stillPermitted }),
      )
    : respondWithStream(route, handler as AnyStreamHandler<string>, options, ({ items, ...rest }) =>
        sendTextStream({ ...rest, chunks: items, contentType: route.stream ?? '' }),
      );
}

function respond(route: RouteDefinition, handler: AnyHandler, { admission, metrics }: RouterOptions): RequestHandler {
  return async (req, res) => {
    const input = validatedInput(route, req, res);
    const request = factsOf(req, res, metrics);
    const work = () => handler(input, request);
    const { status, body, headers = {}, text } = await (route.admission === true ? admission.run(request.signal, work) : work());
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
    const { writer } = contextOf(res);
    if (route.text !== undefined) res.vary('Accept');
    if (writer !== undefined) res.status(status).type(writer.contentType).send(writer.reply(body));
    else if (text !== undefined && req.accepts(['application/json', route.text ?? '']) === route.text) res.status(status).type(route.text).send(text);
    else if (body === null) res.status(status).end();
    else res.status(status).json(body);
  };
}

interface StreamParts<Item> {
  res: Response;
  first: IteratorResult<Item>;
  items: AsyncIterator<Item>;
  signal: AbortSignal;
  cut: AbortController;
  stillPermitted: () => Promise<void>;
}

function respondWithStream<Item>(
  route: RouteDefinition,
  handler: AnyStreamHandler<Item>,
  { authenticate, metrics }: RouterOptions,
  send: (parts: StreamParts<Item>) => Promise<void>,
): RequestHandler {
  const permit = authorise(route.scope);
  return async (req, res) => {
    const facts = factsOf(req, res, metrics);
    const cut = new AbortController();
    const signal = AbortSignal.any([facts.signal, cut.signal]);
    const items = handler(validatedInput(route, req, res), { ...facts, signal })[Symbol.asyncIterator]();
    const first = await items.next();
    // The route is asked for its headers only.
    if (req.method === 'HEAD') cut.abort();
    await send({
      res,
      first,
      items,
      signal,
      cut,
      // A stream outlives what it was opened with: a revoked key or a role that has changed ends it.
      async stillPermitted() {
        await authenticate(req, res, () => undefined);
        await permit(req, res, () => undefined);
      },
    });
  };
}

function factsOf(req: Request, res: Response, metrics: ApiMetrics): AuthenticatedFacts {
  const context = contextOf(res);
  return {
    // Null on public routes only, whose handlers are typed without it.
    principal: context.principal as AuthenticatedFacts['principal'],
    requestId: context.requestId,
    receivedAtMs: context.receivedAtMs,
    signal: context.signal,
    ip: req.ip ?? '',
    secure: req.secure,
    ...(context.rawBody && { rawBody: context.rawBody }),
    noteDecision(value) {
      context.decision = context.decision === null || context.decision === value ? value : 'several';
      metrics.countDecision(value);
    },
  };
}

function noteRoute(path: string): RequestHandler {
  return (_req, res, next) => {
    contextOf(res).routePath = path;
    next();
  };
}

function refuseMethod(path: string, routes: [string, RouteDefinition][]): RequestHandler {
  const methods = routes.filter(([, route]) => route.path === path).map(([, { method }]) => method.toUpperCase());
  const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])].join(', ');
  return (_req, res) => {
    contextOf(res).routePath = path;
    throw new HttpProblem('method-not-allowed', { headers: { Allow: allow } });
  };
}

function expressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}
