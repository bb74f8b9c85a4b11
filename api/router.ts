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
import { sameOrigin } from './middleware/same-origin.ts';
import { validatedInput } from './middleware/validate.ts';
import { HttpProblem } from './problem.ts';

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
) => Promise<{ status: number; body: unknown; headers?: Record<string, string | string[]> }>;

type AnyStreamHandler = (input: RouteInput<RouteDefinition>, request: AuthenticatedFacts) => AsyncIterable<StreamEvent>;

/** Serves the route table: the chain of each route is read from its line there. */
export function apiRouter(options: RouterOptions): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const routes = Object.entries(ROUTES) as [RouteName, RouteDefinition][];
  for (const [name, route] of routes) {
    const handler: unknown = options.handlers[name];
    const answer = route.stream === undefined ? respond(route, handler as AnyHandler, options) : respondWithEvents(route, handler as AnyStreamHandler, options);
    router[route.method](expressPath(route.path), ...chainOf(route, options), answer);
  }
  for (const path of new Set(routes.map(([, route]) => route.path))) router.all(expressPath(path), refuseMethod(path, routes));
  return router;
}

function chainOf(route: RouteDefinition, { authenticate, rateLimit, recordRefusal, publicOrigin }: RouterOptions): RequestHandler[] {
  const isPublic = route.scope === 'public';
  return [
    noteRoute(route.path),
    ...(isPublic ? [] : [authenticate, rateLimit]),
    sameOrigin({ publicOrigin, signIn: isPublic }),
    authorise(route.scope),
    ...(route.request?.body === undefined ? [] : [jsonBody({ maxBytes: route.request.maxBytes ?? DEFAULT_MAX_BYTES, recordRefusal })]),
  ];
}

function respond(route: RouteDefinition, handler: AnyHandler, { admission, metrics }: RouterOptions): RequestHandler {
  return async (req, res) => {
    const input = validatedInput(route, req, res);
    const request = factsOf(req, res, metrics);
    const work = () => handler(input, request);
    const { status, body, headers = {} } = await (route.admission === true ? admission.run(request.signal, work) : work());
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
    if (body === null) res.status(status).end();
    else res.status(status).json(body);
  };
}

function respondWithEvents(route: RouteDefinition, handler: AnyStreamHandler, { authenticate, metrics }: RouterOptions): RequestHandler {
  const permit = authorise(route.scope);
  return async (req, res) => {
    const facts = factsOf(req, res, metrics);
    const cut = new AbortController();
    const events = handler(validatedInput(route, req, res), { ...facts, signal: AbortSignal.any([facts.signal, cut.signal]) })[Symbol.asyncIterator]();
    const first = await events.next();
    // The route is asked for its headers only.
    if (req.method === 'HEAD') cut.abort();
    await sendEventStream({
      res,
      first,
      events,
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
