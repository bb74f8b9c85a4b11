import type { createDocument } from 'zod-openapi';

type OpenApiDocument = ReturnType<typeof createDocument>;
type Schemas = Record<string, unknown>;

const ANY_JSON = { description: 'Any JSON value (I-JSON, RFC 7493).' };

/**
 * Smooths what the generator leaves: the recursive schema of JSON values becomes the empty schema, which says the same; a component that is
 * the same going out as coming in is kept once; path parameters are required, as OpenAPI demands, whatever reads them.
 */
export function tidyDocument(document: OpenApiDocument): OpenApiDocument {
  const plain = JSON.parse(JSON.stringify(document)) as OpenApiDocument;
  const generated = (plain.components?.schemas ?? {}) as Schemas;
  const kept = Object.fromEntries(Object.entries(generated).filter(([name]) => !name.startsWith('__') && name !== 'JsonOutput'));
  const schemas: Schemas = { ...kept, Json: ANY_JSON };

  const twins = Object.keys(schemas).filter((name) => name.endsWith('Output') && name.replace(/Output$/, '') in schemas);
  const renames = new Map([['JsonOutput', 'Json'], ...twins.map((name) => [name, name.replace(/Output$/, '')] as const)]);
  const same = twins.filter((name) => refsRenamed(schemas[name], renames) === refsRenamed(schemas[renames.get(name) ?? ''], renames));
  const safe = new Map([...renames].filter(([name]) => name === 'JsonOutput' || same.includes(name)));
  for (const name of same) delete schemas[name];

  const paths = Object.values(plain.paths ?? {}).flatMap((item) => Object.values(item as object)) as { parameters?: { in: string; required?: boolean }[] }[];
  for (const parameter of paths.flatMap(({ parameters = [] }) => parameters)) if (parameter.in === 'path') parameter.required = true;
  return JSON.parse(refsRenamed({ ...plain, components: { ...plain.components, schemas } }, safe)) as OpenApiDocument;
}

/** JSON text of the value with its references renamed. */
function refsRenamed(value: unknown, renames: ReadonlyMap<string, string>): string {
  return JSON.stringify(value, (key, member: unknown) => {
    if (key !== '$ref' || typeof member !== 'string') return member;
    const name = member.replace('#/components/schemas/', '');
    return `#/components/schemas/${renames.get(name) ?? name}`;
  });
}
