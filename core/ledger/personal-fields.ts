import type { GovernanceEvent, Resource, ToolCall } from '../../schemas/event.ts';
import type { JsonObject } from '../../schemas/json.ts';

/** Whoever data is about, in one spelling: `user:<name>`, `session:<id>` or `event:<id>`. */
export type DataSubject = string;

/** Case, white space around it and the form of accents do not make another person. */
export const userSubject = (name: string): DataSubject => `user:${name.trim().toLowerCase().normalize('NFC')}`;
export const sessionSubject = (sessionId: string): DataSubject => `session:${sessionId}`;
export const eventSubject = (eventId: string): DataSubject => `event:${eventId}`;

/** What of an event everybody reads who may read the ledger. */
export type ReadableEvent = Omit<GovernanceEvent, 'content' | 'intent' | 'metadata' | 'principal' | 'resource' | 'tool'> & {
  principal?: { org?: string };
  resource?: Omit<Resource, 'id' | 'path' | 'ownerUser'>;
  tool?: Omit<ToolCall, 'args'>;
};

/** An event of which personal fields may be gone. */
export type ErasableEvent = Omit<GovernanceEvent, 'resource'> & { resource?: Omit<Resource, 'id'> & { id?: string } };

/** Personal fields of one data subject, in the shape of the event. */
export interface PersonalFields {
  subject: DataSubject;
  fields: JsonObject;
}

export interface EventParts {
  readable: ReadableEvent;
  /** Whose the free text is: the principal's, else the resource owner's, else the session's, else the event's own. */
  holder: DataSubject;
  /** By subject; the holder first. Empty where the event has no personal fields. */
  personal: PersonalFields[];
}

/** Whose the free text of an event is. */
export function holderOf({ id, sessionId, principal, resource }: GovernanceEvent): DataSubject {
  const user = principal?.user ?? resource?.ownerUser;
  if (user !== undefined) return userSubject(user);
  return sessionId === undefined ? eventSubject(id) : sessionSubject(sessionId);
}

/** Everybody whose data an event holds; the holder of its free text first. */
export function subjectsOf(event: GovernanceEvent): DataSubject[] {
  const owner = event.resource?.ownerUser;
  return [...new Set([holderOf(event), ...(owner === undefined ? [] : [userSubject(owner)])])];
}

/** Takes an event apart: what stays readable, and what is sealed for whom. Its members must be set; none is `undefined`. */
export function splitEvent(event: GovernanceEvent): EventParts {
  const { content, intent, metadata, principal, resource, tool, ...readable } = event;
  const parts: ReadableEvent = readable;
  const holder = holderOf(event);
  const own: JsonObject = {};
  if (content !== undefined) own['content'] = content;
  if (intent !== undefined) own['intent'] = intent;
  if (metadata !== undefined) own['metadata'] = metadata;
  if (principal !== undefined) {
    const { user, ...rest } = principal;
    parts.principal = rest as { org?: string };
    if (user !== undefined) own['principal'] = { user };
  }
  if (tool !== undefined) {
    const { args, ...rest } = tool;
    parts.tool = rest;
    if (args !== undefined) own['tool'] = { args };
  }
  if (resource === undefined) return { readable: parts, holder, personal: partsOf(holder, own) };
  const { id, path, ownerUser, ...rest } = resource;
  parts.resource = rest;
  const owner = ownerUser === undefined ? holder : userSubject(ownerUser);
  // An event that was erased and is started again has none.
  own['resource'] = {
    ...((id as string | undefined) === undefined ? {} : { id }),
    ...(path === undefined ? {} : { path }),
    ...(ownerUser === undefined || owner !== holder ? {} : { ownerUser }),
  };
  const owned: PersonalFields[] = ownerUser === undefined || owner === holder ? [] : [{ subject: owner, fields: { resource: { ownerUser } } }];
  return { readable: parts, holder, personal: [...partsOf(holder, own), ...owned] };
}

/** Puts back what could be opened; what is erased stays away. */
export function mergeEvent(readable: ReadableEvent, opened: readonly JsonObject[]): ErasableEvent {
  const event: Record<string, unknown> = { ...readable };
  for (const fields of opened) {
    for (const [name, value] of Object.entries(fields)) event[name] = NESTED.has(name) ? { ...(event[name] as object), ...(value as object) } : value;
  }
  return event as ErasableEvent;
}

const NESTED: ReadonlySet<string> = new Set(['principal', 'resource', 'tool']);

const partsOf = (subject: DataSubject, fields: JsonObject): PersonalFields[] => (Object.keys(fields).length === 0 ? [] : [{ subject, fields }]);
