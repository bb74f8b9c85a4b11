import { createDocument } from 'zod-openapi';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject, ZodOpenApiResponsesObject } from 'zod-openapi';
import { tidyDocument } from './openapi-components.ts';
import { OtlpStatus } from './otlp.ts';
import { ERRORS, Problem } from './problem.ts';
import type { RouteDefinition } from './route.ts';
import { ROUTES } from './routes.ts';
import { WEBHOOK_DATA, type WebhookMessageType, webhookMessage } from './webhook-event.ts';

/** OpenAPI 3.1 of the route table. `serverUrl` is where this API answers. */
export function openApiDocument({ serverUrl, version }: { serverUrl: string; version: string }): ReturnType<typeof createDocument> {
  const document = createDocument({
    openapi: '3.1.0',
    info: {
      title: 'MastGuard',
      version,
      description:
        'Governance decisions for AI agents: send what an agent is about to do, act on the answer. Errors are RFC 9457 problems with a stable `code`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: serverUrl }],
    paths: pathsOf(Object.entries(ROUTES)),
    webhooks: webhooksOf(Object.keys(WEBHOOK_DATA) as WebhookMessageType[]),
    components: {
      schemas: { Problem },
      securitySchemes: {
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: '`mg_live_…` or `mg_test_…`; `Authorization: Bearer` is accepted as well.' },
        session: { type: 'apiKey', in: 'cookie', name: 'mg_session', description: '`__Host-mg_session` over https.' },
      },
    },
  });
  return tidyDocument(document);
}

function pathsOf(routes: [string, RouteDefinition][]): ZodOpenApiPathsObject {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const [name, route] of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: operationOf(name, route) };
  }
  return paths;
}

/** What the product sends of itself. */
function webhooksOf(types: readonly WebhookMessageType[]): ZodOpenApiPathsObject {
  return Object.fromEntries(
    types.map((type) => [
      type,
      {
        post: {
          summary: `A message of the type ${type}`,
          tags: ['Webhooks'],
          requestBody: { required: true, content: { 'application/json': { schema: webhookMessage(type) } } },
          responses: { '2XX': { description: 'Taken. Any other answer, a redirect included, is tried again; 410 ends it all.' } },
        },
      },
    ]),
  );
}

function operationOf(name: string, route: RouteDefinition): ZodOpenApiOperationObject {
  const { params, query, headers, body } = route.request ?? {};
  return {
    operationId: name,
    summary: route.summary,
    tags: [route.tag],
    security: route.scope === 'public' ? [] : [{ apiKey: [] }, { session: [] }],
    ...(route.scope === 'public' || route.scope === 'any' ? {} : { description: `Scope: \`${route.scope}\`.` }),
    requestParams: { ...(params && { path: params }), ...(query && { query }), ...(headers && { header: headers }) },
    ...(body && { requestBody: { required: true, content: route.media === 'otlp' ? OTLP_REQUEST : { 'application/json': { schema: body } } } }),
    responses: { ...successesOf(route), ...problemsOf(route) },
  };
}

function successesOf(route: RouteDefinition): ZodOpenApiResponsesObject {
  return Object.fromEntries(
    Object.entries(route.responses).map(([status, schema]) => [
      status,
      schema === null
        ? { description: 'Done' }
        : {
            description: route.summary,
            content: {
              [route.stream ?? 'application/json']: { schema },
              ...(route.text && { [route.text]: { schema: { type: 'string' } } }),
              ...(route.media && { 'application/x-protobuf': BINARY }),
            },
          },
    ]),
  ) as ZodOpenApiResponsesObject;
}

function problemsOf(route: RouteDefinition): ZodOpenApiResponsesObject {
  return Object.fromEntries(
    problemStatusesOf(route).map((status) => [String(status), { description: titlesOf(status), content: problemContentOf(route) }]),
  ) as ZodOpenApiResponsesObject;
}

const BINARY = { schema: { type: 'string', format: 'binary' } } as const;

/** `ExportTraceServiceRequest` of opentelemetry-proto, which describes it better than a copy here would. */
const OTLP_REQUEST = {
  'application/json': { schema: { type: 'object', properties: { resourceSpans: { type: 'array', items: { type: 'object' } } } } },
  'application/x-protobuf': BINARY,
} as const;

const problemContentOf = ({ media }: RouteDefinition) =>
  media === 'otlp' ? { 'application/json': { schema: OtlpStatus }, 'application/x-protobuf': BINARY } : { 'application/problem+json': { schema: Problem } };

/** Statuses of the problems a route may answer. */
export function problemStatusesOf({ scope, method, request = {}, problems = [] }: RouteDefinition): number[] {
  const statuses = [
    ...(request.body ? [400, 413, 415] : []),
    ...(request.body || request.params || request.query || request.headers ? [422] : []),
    401,
    ...(scope === 'public' && method === 'get' ? [] : [403]),
    ...(request.params ? [404] : []),
    ...(method === 'get' ? [] : [409]),
    ...problems.map((code) => ERRORS[code].status),
    429,
    500,
    503,
  ];
  return [...new Set(statuses)].toSorted((a, b) => a - b);
}

function titlesOf(status: number): string {
  return Object.entries(ERRORS)
    .filter(([, error]) => error.status === status)
    .map(([code]) => `\`${code}\``)
    .join(', ');
}
