import type { Sha256 } from '../hashing.ts';
import { formatVkey, parseVkey } from './note.ts';

/** Names of logs and of the keys that sign them. `host` is the installation's, fixed when it signs for the first time. */
export const orgOrigin = (host: string, orgId: string): string => `${orgLogName(host)}/${orgId}`;
export const deploymentOrigin = (host: string): string => `${host}/mg/deployment`;
export const timeKeyName = (host: string): string => `${host}/mg/time`;

/** What the key of all organisations' logs is published under: no name of an organisation. */
export const orgLogName = (host: string): string => `${host}/mg/org`;

/** The name under which a key of that use stands in a checkpoint of the organisation. */
export const keyName = (use: KeyUse, host: string, orgId: string): string =>
  ({ log: orgOrigin(host, orgId), time: timeKeyName(host), deployment: deploymentOrigin(host) })[use];

/** The name under which it is published. */
export const publishedName = (use: KeyUse, host: string): string =>
  ({ log: orgLogName(host), time: timeKeyName(host), deployment: deploymentOrigin(host) })[use];

export type KeyUse = 'log' | 'time' | 'deployment';

export interface PublishedKey {
  vkey: string;
  use: KeyUse;
}

/** The published keys as they stand in one organisation's checkpoints: that of its log under the log's own name. */
export function keysOfOrg(keys: readonly PublishedKey[], orgId: string, sha256: Sha256): PublishedKey[] {
  return keys.flatMap(({ vkey, use }): PublishedKey[] => {
    if (use !== 'log') return [{ vkey, use }];
    const key = parseVkey(vkey, sha256);
    return key === undefined ? [] : [{ vkey: formatVkey({ ...key, name: `${key.name}/${orgId}` }, sha256), use }];
  });
}
