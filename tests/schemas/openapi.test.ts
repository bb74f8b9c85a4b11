import { openApiDocument } from '../../schemas/openapi.ts';
import { ROUTES } from '../../schemas/routes.ts';

// The document is walked as the plain JSON it is served as.
// eslint-disable-next-line typescript/no-explicit-any
const document: any = JSON.parse(JSON.stringify(openApiDocument({ serverUrl: 'http://example.com', version: '0.1.0' })));

function* refsOf(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    if (key === '$ref' && typeof member === 'string') yield member;
    else yield* refsOf(member);
  }
}

const resolve = (ref: string): unknown =>
  ref
    .slice(2)
    .split('/')
    .reduce<unknown>((node, step) => (node as Record<string, unknown> | undefined)?.[step.replaceAll('~1', '/').replaceAll('~0', '~')], document);

describe('the OpenAPI document', () => {
  it('is OpenAPI 3.1 with a title, a version and a server', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(document.info).toMatchObject({ title: 'MastGuard', version: '0.1.0' });
    expect(document.servers).toEqual([{ url: 'http://example.com' }]);
  });

  it.each(Object.entries(ROUTES))('describes %s with its parameters, body and answers', (name, route) => {
    const operation = document.paths[route.path]?.[route.method];
    expect(operation.operationId).toBe(name);
    expect(operation.security).toEqual(route.scope === 'public' ? [] : [{ apiKey: [] }, { session: [] }]);
    const inPath = (operation.parameters ?? []).filter((parameter: { in: string }) => parameter.in === 'path');
    expect(inPath.map((parameter: { name: string }) => parameter.name)).toEqual([...route.path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter));
    expect(inPath.every((parameter: { required: boolean }) => parameter.required)).toBe(true);
    expect(operation.requestBody !== undefined).toBe('request' in route && 'body' in route.request);
    for (const status of Object.keys(route.responses)) expect(operation.responses[status]).toBeDefined();
    const [type, schema] = 'media' in route ? ['application/json', 'OtlpStatus'] : ['application/problem+json', 'Problem'];
    for (const status of ['429', '500', '503']) expect(operation.responses[status].content[type].schema).toEqual({ $ref: `#/components/schemas/${schema}` });
  });

  it('describes nothing that the table does not hold', () => {
    const described = Object.entries<object>(document.paths).flatMap(([path, item]) => Object.keys(item).map((method) => `${method} ${path}`));
    expect(described.toSorted()).toEqual(
      Object.values(ROUTES)
        .map(({ method, path }) => `${method} ${path}`)
        .toSorted(),
    );
  });

  it('refers only to what it holds', () => {
    const refs = [...new Set(refsOf(document))];
    expect(refs.length).toBeGreaterThan(10);
    expect(refs.filter((ref) => !ref.startsWith('#/') || resolve(ref) === undefined)).toEqual([]);
  });

  it('names its schemas by our names, without leftovers of the generator', () => {
    const names = Object.keys(document.components.schemas);
    expect(names).toEqual(expect.arrayContaining(['EventInput', 'Decision', 'Review', 'PolicySet', 'Problem']));
    expect(names.filter((name) => name.startsWith('__') || name.endsWith('Output'))).toEqual([]);
  });

  it('gives every operation an id of its own', () => {
    const ids = Object.values<Record<string, { operationId: string }>>(document.paths).flatMap((item) =>
      Object.values(item).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });
});
