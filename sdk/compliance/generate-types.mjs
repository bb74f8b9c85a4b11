#!/usr/bin/env node
/**
 * `node sdk/compliance/generate-types.mjs` after `npm run build`: writes src/api-types.ts from the API's OpenAPI document, with the operations that
 * this package calls and the schemas that they mention. A test says when the file is out of date.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const output = fileURLToPath(new URL('src/api-types.ts', import.meta.url));
const built = new URL('../../dist/schemas/openapi.js', import.meta.url);

/** By `operationId`. */
const OPERATIONS = [
  'ingestEvent',
  'ingestBatch',
  'evaluateEvent',
  'listEvents',
  'getEvent',
  'reportOutcome',
  'reportFailMode',
  'listAgents',
  'getAgent',
  'putAgent',
  'stopAgent',
  'resumeAgent',
  'listReviews',
  'listReviewQueue',
  'getReview',
  'decideReview',
  'decideReviews',
  'withdrawReview',
  'consumeReview',
  'listGrants',
  'createGrant',
  'revokeGrant',
  'listGrantUses',
  'getUsage',
  'listWebhookEndpoints',
  'getWebhookEndpoint',
  'createWebhookEndpoint',
  'changeWebhookEndpoint',
  'deleteWebhookEndpoint',
  'enableWebhookEndpoint',
  'disableWebhookEndpoint',
  'testWebhookEndpoint',
  'rotateWebhookSecret',
  'listWebhookDeliveries',
  'replayWebhooks',
];

const HEADER = `/* eslint-disable max-lines -- generated */
// Made by generate-types.mjs from the OpenAPI document. Do not edit.
`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { openApiDocument } = await import(built.href);
  writeFileSync(output, typesOf(openApiDocument({ serverUrl: 'http://127.0.0.1', version: '0' })));
}

/**
 * @param {any} document OpenAPI 3.1
 * @returns {string} the text of src/api-types.ts
 */
export function typesOf(document) {
  const operations = Object.entries(document.paths)
    .flatMap(([path, item]) => Object.entries(item).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, ...operation })))
    .filter(({ operationId }) => OPERATIONS.includes(operationId));
  const missing = OPERATIONS.filter((id) => operations.every(({ operationId }) => operationId !== id));
  if (missing.length > 0) throw new Error(`the document has no operation ${missing.join(', ')}`);

  const mentioned = new Set();
  const table = operations
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((operation) => `${docOf(operation.summary, '  ')}  '${operation.name}': ${operationType(operation, mentioned)};\n`)
    .join('');

  const { schemas } = document.components;
  const declared = new Map();
  // A declaration mentions further schemas, which are then declared too.
  for (const name of mentioned) declared.set(name, declarationOf(name, schemas[name], mentioned));
  const declarations = [...declared].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  const operationsDoc = docOf('What each operation takes and answers, by method and path.', '');
  return [HEADER, ...declarations, `${operationsDoc}export interface Operations {\n${table}}\n`].join('\n');
}

function operationType({ parameters = [], requestBody, responses }, mentioned) {
  const body = requestBody?.content['application/json'].schema;
  const success = Object.entries(responses).find(([status]) => status.startsWith('2'))?.[1].content?.['application/json'].schema;
  const parts = [
    ...['path', 'query'].flatMap((place) => {
      const found = parameters.filter((parameter) => parameter.in === place);
      if (found.length === 0) return [];
      const properties = Object.fromEntries(found.map(({ name, schema }) => [name, schema]));
      const required = found.filter((parameter) => parameter.required).map(({ name }) => name);
      const type = typeOf({ type: 'object', properties, required, additionalProperties: false }, mentioned);
      return [`${place}${required.length === 0 ? '?' : ''}: ${type}`];
    }),
    ...(body === undefined ? [] : [`body: ${typeOf(body, mentioned)}`]),
    `response: ${success === undefined ? 'void' : typeOf(success, mentioned)}`,
  ];
  return `{ ${parts.join('; ')} }`;
}

function declarationOf(name, schema, mentioned) {
  if (schema === undefined) throw new Error(`the document has no schema ${name}`);
  const doc = docOf(schema.description, '');
  if (schema.properties === undefined) return `${doc}export type ${name} = ${typeOf(schema, mentioned)};\n`;
  const members = membersOf(schema, mentioned).map(({ text, description }) => `${docOf(description, '  ')}  ${text};\n`);
  return `${doc}export interface ${name} {\n${members.join('')}}\n`;
}

/** @returns {{ text: string, description: string | undefined }[]} */
function membersOf({ properties = {}, required = [], additionalProperties = false }, mentioned) {
  const named = Object.entries(properties).map(([name, schema]) => {
    const key = /^[A-Za-z_]\w*$/.test(name) ? name : `'${name}'`;
    const type = typeOf(schema, mentioned);
    // `undefined` is as good as absent, also under `exactOptionalPropertyTypes`.
    return { text: required.includes(name) ? `${key}: ${type}` : `${key}?: ${type} | undefined`, description: schema.description };
  });
  const open = typeof additionalProperties === 'object' && Object.keys(properties).length > 0;
  return open ? [...named, { text: '[member: string]: unknown', description: undefined }] : named;
}

/** A JSON Schema as a type, as far as the API uses it; throws on what it does not know. */
function typeOf(schema, mentioned) {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace('#/components/schemas/', '');
    mentioned.add(name);
    return name;
  }
  const { type, enum: values, anyOf, oneOf, allOf } = schema;
  if (schema.const !== undefined) return JSON.stringify(schema.const).replaceAll('"', "'");
  if (values !== undefined) return values.map((value) => JSON.stringify(value).replaceAll('"', "'")).join(' | ');
  if (anyOf !== undefined || oneOf !== undefined) return union((anyOf ?? oneOf).map((part) => typeOf(part, mentioned)));
  if (allOf !== undefined) return allOf.map((part) => typeOf(part, mentioned)).join(' & ');
  if (Array.isArray(type)) return union(type.map((one) => typeOf({ ...schema, type: one }, mentioned)));
  switch (type) {
    case 'string':
    case 'boolean':
    case 'null':
      return type;
    case 'number':
    case 'integer':
      return 'number';
    case 'array': {
      const item = typeOf(schema.items, mentioned);
      return /[ |&]/.test(item) && !item.startsWith('{') ? `(${item})[]` : `${item}[]`;
    }
    case 'object':
      return objectType(schema, mentioned);
    case undefined:
      return 'unknown';
    default:
      throw new Error(`no type for ${JSON.stringify(schema)}`);
  }
}

function objectType(schema, mentioned) {
  if (schema.properties !== undefined)
    return `{ ${membersOf(schema, mentioned)
      .map(({ text }) => text)
      .join('; ')} }`;
  const values = schema.additionalProperties;
  return `Record<string, ${typeof values === 'object' ? typeOf(values, mentioned) : 'unknown'}>`;
}

function union(types) {
  return [...new Set(types)].join(' | ');
}

function docOf(text, indent) {
  return text === undefined ? '' : `${indent}/** ${text.replaceAll('*/', '* /')} */\n`;
}
