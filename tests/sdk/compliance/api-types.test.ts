import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as Sdk from '../../../sdk/compliance/src/api-types.ts';
import type { Problem } from '../../../sdk/compliance/src/problem.ts';
import { VERSION } from '../../../sdk/compliance/src/version.ts';
import type { Agent, AgentProfile } from '../../../schemas/agent.ts';
import type { Usage } from '../../../schemas/billing.ts';
import type { Decision } from '../../../schemas/decision.ts';
import type { EventDetail, EventSummary, EvaluationResult } from '../../../schemas/event-views.ts';
import type { EventInput } from '../../../schemas/event.ts';
import type { Grant } from '../../../schemas/grant.ts';
import { openApiDocument } from '../../../schemas/openapi.ts';
import type { Problem as ServerProblem } from '../../../schemas/problem.ts';
import type { ConsumedApproval, Review, ReviewDecisionInput } from '../../../schemas/review.ts';

const PACKAGE = join(import.meta.dirname, '../../../sdk/compliance');
const generator: string = join(PACKAGE, 'generate-types.mjs');
const { typesOf } = (await import(generator)) as { typesOf: (document: unknown) => string };
const document = (): unknown => JSON.parse(JSON.stringify(openApiDocument({ serverUrl: 'http://127.0.0.1', version: '0' })));

/** What the server says fits what the package promises; the compiler checks it. */
type Fits<Promised, Said extends Promised> = [Promised, Said];
export type Checked = [
  Fits<Sdk.Agent, Agent>,
  Fits<Sdk.AgentProfile, AgentProfile>,
  Fits<Sdk.ConsumedApproval, ConsumedApproval>,
  Fits<Sdk.Decision, Decision>,
  Fits<Sdk.EvaluationResult, EvaluationResult>,
  Fits<Sdk.EventDetail, EventDetail>,
  Fits<Sdk.EventInput, EventInput>,
  Fits<Sdk.EventSummary, EventSummary>,
  Fits<Sdk.Grant, Grant>,
  Fits<Sdk.Review, Review>,
  Fits<Sdk.ReviewDecisionInput, ReviewDecisionInput>,
  Fits<Sdk.Usage, Usage>,
  Fits<Problem, ServerProblem>,
];

test('the types are those of the OpenAPI document; `node sdk/compliance/generate-types.mjs` after a build writes them', () => {
  expect(readFileSync(join(PACKAGE, 'src/api-types.ts'), 'utf8')).toBe(typesOf(document()));
});

test('the generator follows the document: a new member is a new line, and an operation that is gone is an error', () => {
  const changed = document() as { paths: Record<string, object>; components: { schemas: { Decision: { properties: object } } } };
  Object.assign(changed.components.schemas.Decision.properties, { later: { type: ['integer', 'null'] } });
  expect(typesOf(changed)).toContain('  later?: number | null | undefined;\n');
  delete changed.paths['/api/v1/billing/usage'];
  expect(() => typesOf(changed)).toThrow('no operation getUsage');
});

test('the version is that of the package', () => {
  expect((JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as { version: string }).version).toBe(VERSION);
});
