import type { Json } from '../../schemas/json.ts';
import type { Attributes, OtlpSpan } from './span.ts';

export interface GenAiOperation {
  /** As in `gen_ai.operation.name`. */
  name: string;
  kind: 'tool' | 'model' | 'agent';
}

/** Our own decisions, where a collector sends them back: governing them would go round for ever. */
const OURS = 'run_guardrail';

/** Operations whose usage is that of the calls inside them, which report it themselves. */
const AGENT_OPERATIONS: ReadonlySet<string> = new Set(['invoke_agent', 'create_agent', 'invoke_workflow', 'plan']);

/** Of OpenInference: what its other kinds wrap (CHAIN, RETRIEVER, RERANKER, GUARDRAIL, EVALUATOR) is no act of an agent. */
const OPENINFERENCE: ReadonlyMap<string, GenAiOperation> = new Map([
  ['LLM', { name: 'chat', kind: 'model' }],
  ['EMBEDDING', { name: 'embeddings', kind: 'model' }],
  ['TOOL', { name: 'execute_tool', kind: 'tool' }],
  ['AGENT', { name: 'invoke_agent', kind: 'agent' }],
]);

/**
 * What a span says an agent has done; null for spans that are not about that. Names in this order: `gen_ai.operation.name`, then
 * `llm.request.type` or `chat` where a provider is named (conventions before 1.29), then `openinference.span.kind`.
 */
export function genAiOperation({ attributes }: Pick<OtlpSpan, 'attributes'>): GenAiOperation | null {
  const named = text(attributes, 'gen_ai.operation.name');
  if (named === OURS) return null;
  if (named !== undefined) return operationOf(named);
  if (attributes.has('gen_ai.system') || attributes.has('gen_ai.provider.name')) return operationOf(text(attributes, 'llm.request.type') ?? 'chat');
  return OPENINFERENCE.get(text(attributes, 'openinference.span.kind') ?? '') ?? null;
}

function operationOf(name: string): GenAiOperation {
  if (name === 'execute_tool') return { name, kind: 'tool' };
  // As OpenLLMetry has called it.
  if (name === 'completion') return { name: 'text_completion', kind: 'model' };
  return { name, kind: AGENT_OPERATIONS.has(name) ? 'agent' : 'model' };
}

/** The first of these attributes that is a text and not empty. */
export function text(attributes: Attributes, ...names: string[]): string | undefined {
  for (const name of names) {
    const value = attributes.get(name);
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}

/** The first of these attributes that is there. */
export function first(attributes: Attributes, ...names: string[]): Json | undefined {
  for (const name of names) {
    const value = attributes.get(name);
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
}
