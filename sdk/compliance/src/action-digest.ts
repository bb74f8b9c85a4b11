import type { EventInput } from './api-types.ts';
import { sha256 } from './sha256.ts';

/** What of an event an approval covers; the rest of the event may differ. */
export type CoveredAction = Pick<EventInput, 'action' | 'agentId' | 'resource' | 'tool'>;

/**
 * Digest of the action about to be done, for `hitl.consume`: SHA-256, in hex, of the RFC 8785 text of what an approval covers.
 * @param policyVersion `policy.version` of the review; null without a policy
 * @example actionDigest({ ...event, tool: { ...event.tool, args: review.args ?? event.tool.args } }, review.policy?.version ?? null)
 */
export function actionDigest({ action, agentId, resource, tool }: CoveredAction, policyVersion: string | null): string {
  const covered = { action, agentId, policyVersion, resource: resource ?? null, tool: tool === undefined ? null : { name: tool.name, args: tool.args ?? {} } };
  // As it is sent: without members that are undefined, with dates as text.
  const text = canonicalJson(JSON.parse(JSON.stringify(covered)));
  return Array.from(sha256(new TextEncoder().encode(text)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** RFC 8785 of a value that came from JSON: members by UTF-16 code unit. */
function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  // `toSorted` is not there on Node 18, and the array is our own.
  // eslint-disable-next-line unicorn/no-array-sort
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`;
}
