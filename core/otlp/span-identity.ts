import { AgentId, SessionId } from '../../schemas/ids.ts';
import { text } from './genai-operation.ts';
import type { OtlpSpan } from './span.ts';

/** Hash of a text under a key of the organisation, hex. */
export type KeyedHash = (text: string) => string;

/** A longer name is no name; it is hashed as it is. */
const MAX_NAME_CHARS = 256;

/** Base of the ids of a span's events. The same span is the same event, however often and whichever way it is sent. */
export const eventIdOf = ({ traceId, spanId }: Pick<OtlpSpan, 'traceId' | 'spanId'>): string => `otel:${traceId}:${spanId}`;

/** The span that an event came from; null for other events. */
export function spanOfEventId(eventId: string): Pick<OtlpSpan, 'traceId' | 'spanId'> | null {
  const [, traceId, spanId] = /^otel:([0-9a-f]{32}):([0-9a-f]{16})(?::[a-z]+)?$/.exec(eventId) ?? [];
  return traceId === undefined || spanId === undefined ? null : { traceId, spanId };
}

/**
 * `gen_ai.agent.id`, else `gen_ai.agent.name`, else `agent.name` (OpenInference), else the resource's `service.name`; null where none is set.
 * Nothing is taken over from parent spans: they end later and come in another request, or never.
 */
export function agentIdOf({ attributes, resource }: OtlpSpan, hash: KeyedHash): string | null {
  const name = text(attributes, 'gen_ai.agent.id', 'gen_ai.agent.name', 'agent.name') ?? serviceOf(resource);
  return name === undefined ? null : idOf(name, hash);
}

/** An SDK that was not told its service calls it `unknown_service`, perhaps with the executable behind it. */
function serviceOf(resource: OtlpSpan['resource']): string | undefined {
  const service = text(resource, 'service.name');
  return service === undefined || /^unknown_service(?::|$)/.test(service) ? undefined : service;
}

/** White space becomes a hyphen. Other characters outside the alphabet of ids do too, and a hash keeps names apart that look alike then. */
function idOf(name: string, hash: KeyedHash): string {
  if (AgentId.safeParse(name).success) return name;
  const readable = name.length > MAX_NAME_CHARS ? name : name.trim().replaceAll(/\s+/g, '-');
  if (AgentId.safeParse(readable).success) return readable;
  const rest = readable
    .slice(0, 100)
    .replaceAll(/[^A-Za-z0-9_.:-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return `${rest === '' ? 'agent' : rest}-${hash(`agent\n${name}`).slice(0, 16)}`;
}

/**
 * `gen_ai.conversation.id`, else `session.id`, else the trace. An id outside the alphabet may be an address or a name, and session ids are
 * shown: its hash stands for it.
 */
export function sessionIdOf({ attributes, traceId }: OtlpSpan, hash: KeyedHash): string {
  const conversation = text(attributes, 'gen_ai.conversation.id', 'session.id');
  if (conversation === undefined) return `trace:${traceId}`;
  return SessionId.safeParse(conversation).success ? conversation : `conversation:${hash(`conversation\n${conversation}`).slice(0, 32)}`;
}
