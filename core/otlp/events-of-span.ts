import { type Channel, EventInput, EventPrincipal, type GovernanceEvent } from '../../schemas/event.ts';
import type { Json, JsonObject } from '../../schemas/json.ts';
import { first, type GenAiOperation, genAiOperation, text } from './genai-operation.ts';
import { argumentsOf, beginningOf, cut, isObject, jsonOf, MAX_TEXT_CHARS, textOfJson } from './json-text.ts';
import { type Message, messagesOf } from './messages.ts';
import { agentIdOf, eventIdOf, type KeyedHash, sessionIdOf } from './span-identity.ts';
import type { OtlpSpan } from './span.ts';

/** Spans that end later than this behind our clock's present, or have started longer ago, have a clock or a sender that is wrong. */
export const MAX_AHEAD_MS = 15 * 60_000;
export const MAX_AGE_MS = 30 * 86_400_000;

/** Longest name of an error, a model or a provider that is kept. */
const MAX_NAME_CHARS = 256;

/** Nothing but span and parameters decides what comes of a span, so that a second delivery is the same event. */
export interface MappingContext {
  nowMs: number;
  hash: KeyedHash;
}

/** `ignored`: not about an agent. `fault` goes on from "a span" and quotes nothing of it. */
export type MappedSpan = { kind: 'events'; events: GovernanceEvent[] } | { kind: 'ignored' } | { kind: 'fault'; fault: string };

/** The observed events of one span, in the order in which they happened. The mapping: docs/spec/otlp.md. */
export function eventsOfSpan(span: OtlpSpan, { nowMs, hash }: MappingContext): MappedSpan {
  const operation = genAiOperation(span);
  if (operation === null) return { kind: 'ignored' };
  const timeFault = faultOfTime(span, nowMs);
  if (timeFault !== null) return { kind: 'fault', fault: timeFault };
  const agentId = agentIdOf(span, hash);
  if (agentId === null) return { kind: 'fault', fault: 'names no agent and no service' };
  const id = eventIdOf(span);
  const common: Common = {
    agentId,
    sessionId: sessionIdOf(span, hash),
    ...principalOf(span),
    labels: ['otlp'],
  };
  const drafts = operation.kind === 'tool' ? toolEvents(span, id, common) : messageEvents(span, id, common, operation);
  if ('fault' in drafts) return { kind: 'fault', fault: drafts.fault };
  for (const draft of drafts) {
    const checked = EventInput.safeParse(draft);
    if (!checked.success) return { kind: 'fault', fault: `makes no valid event: ${String(checked.error.issues[0]?.path[0] ?? 'event')} is out of bounds` };
  }
  return { kind: 'events', events: drafts };
}

type Common = Pick<GovernanceEvent, 'agentId' | 'sessionId' | 'principal' | 'labels'>;

/** A name that no event can hold is left out: what was done matters more than for whom. */
function principalOf({ attributes }: OtlpSpan): Pick<Common, 'principal'> {
  const user = text(attributes, 'user.id', 'enduser.id');
  return user !== undefined && EventPrincipal.shape.user.safeParse(user).success ? { principal: { user } } : {};
}

function faultOfTime({ startMs, endMs }: OtlpSpan, nowMs: number): string | null {
  if (startMs === 0 || endMs === 0) return 'has no start or no end';
  if (endMs < startMs) return 'ends before it starts';
  if (endMs > nowMs + MAX_AHEAD_MS) return 'ends in the future';
  return startMs < nowMs - MAX_AGE_MS ? 'started more than 30 days ago' : null;
}

/** The call; and its result, where the span tells it, as what came back from outside. */
function toolEvents(span: OtlpSpan, id: string, common: Common): GovernanceEvent[] | { fault: string } {
  const { attributes, events } = span;
  const name = text(attributes, 'gen_ai.tool.name', 'tool.name') ?? /^execute_tool\s+(\S.*)$/.exec(span.name)?.[1];
  if (name === undefined) return { fault: 'calls a tool without a name' };
  const args = givenArguments(attributes);
  const result =
    first(attributes, 'gen_ai.tool.call.result', 'gen_ai.tool.result', 'output.value') ??
    events.filter((event) => event.name === 'gen_ai.tool.message').map((event) => first(event.attributes, 'content', 'message'))[0];
  const tool = { name };
  const call: GovernanceEvent = {
    id,
    ...common,
    action: name,
    occurredAt: new Date(span.startMs).toISOString(),
    tool: args === undefined || args === '' ? tool : { ...tool, args: argumentsOf(args) },
    metadata: commonMetadata(span),
  };
  if (result === undefined || result === '') return [call];
  return [
    call,
    {
      id: `${id}:result`,
      ...common,
      action: name,
      occurredAt: new Date(span.endMs).toISOString(),
      channel: 'tool_result',
      tool,
      ...contentOf(textOfJson(result)),
    },
  ];
}

/** Under `tool.parameters` some instrumentations have the arguments; others, OpenInference's own among them, the schema of the function. */
function givenArguments(attributes: OtlpSpan['attributes']): Json | undefined {
  const told = first(attributes, 'gen_ai.tool.call.arguments', 'gen_ai.tool.arguments');
  if (told !== undefined) return told;
  const parameters = first(attributes, 'tool.parameters');
  const input = first(attributes, 'input.value');
  return parameters === undefined || (input !== undefined && isSchema(parameters)) ? input : parameters;
}

function isSchema(parameters: Json): boolean {
  const schema = jsonOf(parameters);
  return isObject(schema) && schema['type'] === 'object' && isObject(schema['properties']);
}

/** What the agent or its model said; before it, as an event of its own, what had reached it since it last spoke. */
function messageEvents(span: OtlpSpan, id: string, common: Common, operation: GenAiOperation): GovernanceEvent[] {
  const { input, output } = messagesOf(span);
  const heard = input.filter(({ role }) => role !== 'system');
  const said = output.map((message) => message.text).join('\n');
  const own: GovernanceEvent = {
    id,
    ...common,
    action: operation.name,
    occurredAt: new Date(span.startMs).toISOString(),
    channel: 'agent_message',
    ...withMetadata(said === '' ? {} : contentOf(said), { ...commonMetadata(span), ...modelMetadata(span, operation) }),
  };
  if (heard.length === 0) return [own];
  return [
    {
      id: `${id}:input`,
      ...common,
      action: operation.name,
      occurredAt: new Date(span.startMs).toISOString(),
      ...originOf(heard),
      ...contentOf(heard.map((message) => message.text).join('\n')),
    },
    own,
  ];
}

/** The least trusted of what was heard speaks for all of it. */
function originOf(heard: readonly Message[]): { channel: Channel; trust?: 'untrusted' } {
  return heard.some(({ role }) => role === 'tool' || role === 'function') ? { channel: 'tool_result', trust: 'untrusted' } : { channel: 'user' };
}

function contentOf(content: string): { content: string; metadata?: JsonObject } {
  return content.length <= MAX_TEXT_CHARS ? { content } : { content: cut(content), metadata: { contentChars: content.length } };
}

function withMetadata<Part extends { metadata?: JsonObject }>(part: Part, metadata: JsonObject): Part & { metadata: JsonObject } {
  return { ...part, metadata: { ...part.metadata, ...metadata } };
}

function commonMetadata({ startMs, endMs, failed, attributes }: OtlpSpan): JsonObject {
  const error = text(attributes, 'error.type') ?? (failed ? 'error' : undefined);
  return { durationMs: endMs - startMs, ...(error === undefined ? {} : { error: beginningOf(error, MAX_NAME_CHARS) }) };
}

function modelMetadata({ attributes }: OtlpSpan, { kind }: GenAiOperation): JsonObject {
  const model = text(attributes, 'gen_ai.response.model', 'gen_ai.request.model', 'llm.model_name', 'embedding.model_name');
  const provider = text(attributes, 'gen_ai.provider.name', 'gen_ai.system', 'llm.provider');
  const tokens = kind === 'agent' ? 0 : tokensOf(attributes);
  return {
    ...(model === undefined ? {} : { model: beginningOf(model, MAX_NAME_CHARS) }),
    ...(provider === undefined ? {} : { provider: beginningOf(provider, MAX_NAME_CHARS) }),
    ...(tokens > 0 ? { tokens } : {}),
  };
}

function tokensOf(attributes: OtlpSpan['attributes']): number {
  const input = amount(first(attributes, 'gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens', 'llm.token_count.prompt'));
  const output = amount(first(attributes, 'gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens', 'llm.token_count.completion'));
  return input + output;
}

const amount = (value: Json | undefined): number => (typeof value === 'number' && value > 0 ? value : 0);
