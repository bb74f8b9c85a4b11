import type { GovernanceEvent, Resource } from '../../schemas/event.ts';
import type { Json } from '../../schemas/json.ts';
import type { Sha256Hex } from '../hashing.ts';
import { isPlainAction, isToolCall } from './event-kind.ts';

/** 16 hex characters that are equal for equal calls: tool and arguments, or action and metadata, and what they touch. Empty for messages and results, which repeat freely. */
export function callHash(event: GovernanceEvent, sha256Hex: Sha256Hex): string {
  // Nothing is added where no resource is named: hashes in the sessions of before stay valid.
  const touched = event.resource === undefined ? '' : `\n${canonicalJson(withoutAbsent(event.resource))}`;
  if (event.tool !== undefined && isToolCall(event))
    return sha256Hex(`tool\n${JSON.stringify(event.tool.name)}\n${canonicalJson(event.tool.args ?? {})}${touched}`).slice(0, 16);
  if (isPlainAction(event)) return sha256Hex(`action\n${JSON.stringify(event.action)}\n${canonicalJson(event.metadata ?? {})}${touched}`).slice(0, 16);
  return '';
}

const withoutAbsent = (resource: Resource): Json =>
  Object.fromEntries(Object.entries(resource).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

const MAX_DEPTH = 128;

/** JSON with sorted keys and no white space. Values nested deeper than 128 levels count as equal. */
export function canonicalJson(value: Json, depth = 0): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (depth >= MAX_DEPTH) return '"…"';
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item, depth + 1)).join(',')}]`;
  const members = Object.keys(value)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null, depth + 1)}`);
  return `{${members.join(',')}}`;
}
